"""One kept connection: a request goes out, a response comes in."""

from __future__ import annotations

import select
import ssl
from time import perf_counter

import gevent.monkey
import gevent.socket

from loadtests.dense.address import Endpoint, open_socket
from loadtests.dense.counters import Counters
from loadtests.dense.failures import ExchangeError, Failure, connect_failure, exchange_failure
from loadtests.dense.response import DenseResponse, ResponseReader

_BUFFER = bytearray(64 * 1024)
_VIEW = memoryview(_BUFFER)
"""One buffer for all connections of the process: gevent fills it and it is parsed before any
other greenlet can run, so users need none of their own."""

_idle_readers: list[ResponseReader] = []

_poll = gevent.monkey.get_original("select", "poll")
"""The kernel's own poll: it is asked without waiting, and has no limit of 1,024 files."""


class Connection:
    """A connected socket. `used` tells whether it has carried a response."""

    __slots__ = ("_counters", "_socket", "used")

    def __init__(
        self,
        to: Endpoint,
        *,
        source: str | None,
        context: ssl.SSLContext | None,
        connect_seconds: float,
        request_seconds: float,
        counters: Counters,
    ) -> None:
        """Connects. Raises ExchangeError."""
        try:
            self._socket: gevent.socket.socket = open_socket(to, source, context, connect_seconds)
        except OSError as error:
            raise ExchangeError(connect_failure(error)) from error
        self._socket.settimeout(request_seconds)
        self._counters = counters
        self.used = False
        counters.connected += 1

    def exchange(
        self,
        request: bytes,
        response: DenseResponse,
        deadline: float,
        *,
        head: bool,
        keep_body: bool,
    ) -> bool:
        """Sends, and reads the whole response. Returns whether the connection can be kept.

        Raises ExchangeError; the connection must then be closed. `deadline` is a reading of
        `perf_counter`: a server that sends a byte now and then does not hold a user for ever.
        """
        reader = _idle_readers.pop() if _idle_readers else ResponseReader()
        reader.begin(response, head=head, keep_body=keep_body)
        try:
            self._socket.sendall(request)
            self._read(reader, deadline)
        except OSError as error:
            silent = response.bytes_received == 0
            raise ExchangeError(exchange_failure(error), silent=silent) from error
        if reader.reusable:
            _idle_readers.append(reader)
        self.used = True
        return reader.keep_alive

    def _read(self, reader: ResponseReader, deadline: float) -> None:
        receive = self._socket.recv_into
        while True:
            received = receive(_BUFFER)
            if received == 0:
                reader.end()
                return
            reader.feed(_VIEW[:received])
            if reader.complete:
                return
            if perf_counter() > deadline:
                raise ExchangeError(Failure.TIMEOUT)

    @property
    def stale(self) -> bool:
        """Whether something waits to be read while nothing was asked: as a rule, its end."""
        poll = _poll()
        poll.register(self._socket.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Closes the socket; a second time does nothing."""
        if self._socket.fileno() < 0:
            return
        self._socket.close()
        self._counters.connected -= 1
