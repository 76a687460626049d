"""What connects a user with servers: one connection kept, own headers, cookies, a retry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from time import perf_counter

import gevent

from loadtests.dense.address import Endpoint, endpoint, tls_context
from loadtests.dense.connection import Connection, connect
from loadtests.dense.cookies import cookies_for, empty_jar, keep_cookies
from loadtests.dense.counters import Counters
from loadtests.dense.failures import ExchangeError, Failure
from loadtests.dense.outgoing import Outgoing
from loadtests.dense.reader import ResponseReader, give_back, reader_for
from loadtests.dense.response import DenseResponse

_SECONDS_MIN = 0.001


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialling:
    """How a client connects: shared by all users of a class that go to the same server."""

    to: Endpoint
    source: str | None
    ca_file: str | None
    verify: bool
    connect_seconds: float
    request_seconds: float


class Line:
    """One user's way to servers.

    Greenlets of one user may share it: whoever finds the kept connection in use opens another, and
    one of them is kept afterwards.
    """

    __slots__ = ("_connection", "_counters", "_dialling", "jar", "own_headers")

    def __init__(self, dialling: Dialling, counters: Counters) -> None:
        self._dialling = dialling
        self._counters = counters
        self._connection: Connection | None = None
        self.jar: CookieJar | None = None
        """None until a server sets the first cookie."""
        self.own_headers = b""
        """Encoded header lines that go to the user's own server with every request."""

    def perform(
        self, outgoing: Outgoing, seconds: float, *, keep_body: bool, stream: bool
    ) -> DenseResponse:
        """The exchange, tried once more when a kept connection proved dead before any byte.

        `seconds` are for all of it. What goes wrong is in the response; only what the caller's
        own iterable raises comes out of here.
        """
        jar, url = self.jar, outgoing.target.url
        cookies = None if jar is None else cookies_for(jar, url)
        request = outgoing.encoded(self.own_headers, cookies)
        seconds = max(_SECONDS_MIN, seconds)
        deadline = perf_counter() + seconds
        while True:
            response = DenseResponse(url=url)
            reader = reader_for(response, head=outgoing.method == "HEAD", keep_body=keep_body)
            connection = self._kept(outgoing.target.origin)
            kept = connection is not None
            try:
                if connection is None:
                    connection = self._dial(outgoing.target.origin, seconds)
                if stream:
                    pieces = connection.begin(request, outgoing.chunks, reader, seconds)
                    response.rest = self._passed_on(pieces, connection, reader, response)
                    reader.open()
                else:
                    connection.exchange(request, outgoing.chunks, reader, seconds)
                    reader.settle()
                    self._keep(connection, reader)
            except BaseException as raised:
                if connection is not None:
                    connection.close()
                response.error = error = _named(raised)
                if kept and error.silent and error.failure.means_dead and outgoing.repeatable:
                    self._counters.retried += 1
                    seconds = max(_SECONDS_MIN, deadline - perf_counter())
                    continue
            self._counters.bytes_received += response.bytes_received
            if response.sets_cookies:
                self.jar = jar or empty_jar()
                keep_cookies(self.jar, url, response.headers)
            return response

    @property
    def seconds(self) -> float:
        """How long a request may take that says nothing of it."""
        return self._dialling.request_seconds

    def close(self) -> None:
        """Closes the kept connection; the next request opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _kept(self, origin: str | None) -> Connection | None:
        """The kept connection, taken, if it leads there and nothing has come over it unasked."""
        connection, self._connection = self._connection, None
        if connection is None or (connection.origin == origin and not connection.stale):
            return connection
        connection.close()
        return None

    def _keep(self, connection: Connection, reader: ResponseReader) -> None:
        if reader.keep_alive:
            give_back(reader)
            spare, self._connection = self._connection, connection
            if spare is not None:
                spare.close()
        else:
            connection.close()

    def _dial(self, origin: str | None, seconds: float) -> Connection:
        """Connects to that origin, or home. Raises ExchangeError."""
        dialling = self._dialling
        try:
            to = dialling.to if origin is None else endpoint(origin)
        except OSError as error:
            raise ExchangeError(Failure.NAME) from error
        context = tls_context(dialling.ca_file, verify=dialling.verify) if to.tls else None
        longest = min(dialling.connect_seconds, seconds)
        return Connection(connect(to, dialling.source, context, longest), self._counters, origin)

    def _passed_on(
        self,
        pieces: Iterator[bytes],
        connection: Connection,
        reader: ResponseReader,
        response: DenseResponse,
    ) -> Iterator[bytes]:
        """The pieces of a streamed body; at its end the connection is kept or closed."""
        counted, whole = response.bytes_received, False
        try:
            yield from pieces
            whole = True
        except ExchangeError as error:
            reader.break_off(error)
        finally:
            self._counters.bytes_received += response.bytes_received - counted
            if whole:
                self._keep(connection, reader)
            else:
                connection.close()


def _named(raised: BaseException) -> ExchangeError:
    """The failure's name. Raises what is the caller's own, or the end of the user."""
    if isinstance(raised, ExchangeError):
        return raised
    if isinstance(raised, gevent.Timeout):
        return ExchangeError(Failure.TIMEOUT)
    raise raised
