"""One connection: a request goes out, a response comes in."""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Iterator
from time import perf_counter

import gevent.monkey
import gevent.socket
import gevent.ssl

from loadtests.dense.address import Endpoint, open_socket
from loadtests.dense.counters import Counters
from loadtests.dense.failures import ExchangeError, Failure, connect_failure, exchange_failure
from loadtests.dense.reader import ResponseReader

_BUFFER = bytearray(64 * 1024)
_VIEW = memoryview(_BUFFER)
"""One buffer for all connections of the process: gevent fills it and it is parsed before any
other greenlet can run, so users need none of their own."""

_WAKE_BYTES_MAX = 64 * 1024
"""More would make the kernel give the connection a larger buffer."""

_RECORD_BYTES_MAX = 16 * 1024
"""Of plaintext in a TLS record (RFC 8446, 5.1)."""

_POLL = gevent.monkey.get_original("select", "poll")()
"""The kernel's own poll: it is asked without waiting, and has no limit of 1,024 files."""


class Connection:
    """A connected socket, counted while it is open. `origin` is None for the user's own server."""

    __slots__ = ("_counters", "_seconds", "_socket", "origin")

    def __init__(
        self, connected: gevent.socket.socket, counters: Counters, origin: str | None
    ) -> None:
        self._socket = connected
        self._counters = counters
        self._seconds = 0.0
        self.origin = origin
        counters.connected += 1

    def exchange(
        self,
        request: bytes,
        chunks: Iterator[bytes] | None,
        reader: ResponseReader,
        seconds: float,
    ) -> None:
        """Sends the request, then the chunks of its body, and reads the whole response.

        Raises ExchangeError; the connection must then be closed. It is over within `seconds`,
        however a server drips.
        """
        deadline = perf_counter() + seconds
        try:
            self._send(request, chunks, seconds)
            self._read(reader, deadline)
        except OSError as error:
            raise ExchangeError(exchange_failure(error), silent=reader.silent) from error

    def begin(
        self,
        request: bytes,
        chunks: Iterator[bytes] | None,
        reader: ResponseReader,
        seconds: float,
    ) -> Iterator[bytes]:
        """Sends as `exchange` does and reads the headers; the body is read from the iterator."""
        deadline = perf_counter() + seconds
        try:
            self._send(request, chunks, seconds)
            while not (reader.complete or reader.headers_read):
                self._read_some(reader, deadline)
        except OSError as error:
            raise ExchangeError(exchange_failure(error), silent=reader.silent) from error
        return self._pieces(reader, deadline)

    def _send(self, request: bytes, chunks: Iterator[bytes] | None, seconds: float) -> None:
        if seconds != self._seconds:
            self._socket.settimeout(seconds)
            self._seconds = seconds
        sent = self._socket.send(request)  # all of it, as a rule, at a third of sendall's cost
        if sent < len(request):
            self._socket.sendall(request[sent:])
        if chunks is not None:
            for chunk in chunks:
                self._socket.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            self._socket.sendall(b"0\r\n\r\n")

    def _read(self, reader: ResponseReader, deadline: float) -> None:
        received = self._socket.recv_into(_BUFFER)
        if received:
            reader.feed(_VIEW[:received])
        else:
            reader.end()
        in_pieces = False
        while not reader.complete:
            in_pieces = True
            self._wake_for(reader.missing)
            self._read_some(reader, deadline)
        if in_pieces:
            self._wake_for(1)

    def _wake_for(self, size: int) -> None:
        """Has the kernel wake us when so many bytes have come, or the end: not for each record.

        What OpenSSL has taken out of the kernel already, a record's part, does not come again.
        """
        taken = _RECORD_BYTES_MAX if isinstance(self._socket, gevent.ssl.SSLSocket) else 0
        there = max(1, min(size - taken, _WAKE_BYTES_MAX))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, there)

    def _read_some(self, reader: ResponseReader, deadline: float) -> None:
        """Waits for more, but not beyond the deadline."""
        self._seconds = deadline - perf_counter()
        if self._seconds <= 0:
            raise ExchangeError(Failure.TIMEOUT)
        self._socket.settimeout(self._seconds)
        received = self._socket.recv_into(_BUFFER)
        if received:
            reader.feed(_VIEW[:received])
        else:
            reader.end()

    def _pieces(self, reader: ResponseReader, deadline: float) -> Iterator[bytes]:
        while True:
            piece = reader.take()
            if piece:
                yield piece
            if reader.complete:
                return
            try:
                self._read_some(reader, deadline)
            except OSError as error:
                raise ExchangeError(exchange_failure(error)) from error

    @property
    def stale(self) -> bool:
        """Whether something waits to be read while nothing was asked: as a rule, its end.

        What a server says unasked, such as 408 to an idle client, must not pass for the answer
        to the next request.
        """
        file = self._socket.fileno()
        _POLL.register(file, select.POLLIN)
        waits = bool(_POLL.poll(0))
        _POLL.unregister(file)
        return waits

    def close(self) -> None:
        """Closes the socket; a second time does nothing."""
        if self._socket.fileno() < 0:
            return
        self._socket.close()
        self._counters.connected -= 1

    def __del__(self) -> None:
        """A response that was never read to its end took its connection with it."""
        self.close()


def connect(
    to: Endpoint, source: str | None, context: ssl.SSLContext | None, seconds: float
) -> gevent.socket.socket:
    """A connected socket. Raises ExchangeError."""
    try:
        return open_socket(to, source, context, seconds)
    except OSError as error:
        raise ExchangeError(connect_failure(error)) from error
