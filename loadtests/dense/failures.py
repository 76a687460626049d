"""Why an exchange gave no whole response, under one clear name each."""

from __future__ import annotations

import errno
import socket
import ssl
from enum import StrEnum


class Failure(StrEnum):
    """The names under which failed requests are counted."""

    NAME = "host name not found"
    REFUSED = "connection refused"
    CONNECT_TIMEOUT = "connect timed out"
    UNREACHABLE = "address cannot be reached"
    NO_PORT = "no source port or file left"
    CERTIFICATE = "certificate rejected"
    TLS = "TLS failed"
    RESET = "connection reset"
    CLOSED = "closed without a response"
    CUT_SHORT = "response cut short"
    TIMEOUT = "response timed out"
    GARBAGE = "not HTTP"
    ENDLESS = "response too long"
    CODING = "body cannot be decoded"
    REDIRECTS = "too many redirects"
    REDIRECTED = "redirected to no http address"
    UNREPEATABLE = "redirected with a body that can be sent only once"

    @property
    def means_dead(self) -> bool:
        """Whether it is what a kept connection shows whose other end has gone."""
        return self in {Failure.CLOSED, Failure.RESET}


_BY_ERRNO = {
    errno.ECONNREFUSED: Failure.REFUSED,
    errno.ETIMEDOUT: Failure.CONNECT_TIMEOUT,
    errno.ECONNRESET: Failure.RESET,
    errno.ECONNABORTED: Failure.RESET,
    errno.EPIPE: Failure.RESET,
    errno.EADDRNOTAVAIL: Failure.NO_PORT,
    errno.EADDRINUSE: Failure.NO_PORT,
    errno.EMFILE: Failure.NO_PORT,
    errno.ENFILE: Failure.NO_PORT,
}


class ExchangeError(Exception):
    """No whole response was read. `silent` is true while not one byte of it had arrived."""

    def __init__(self, failure: Failure, *, silent: bool = False) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.silent = silent


def connect_failure(error: OSError) -> Failure:
    """The name for an error while connecting, the TLS handshake included."""
    if isinstance(error, socket.gaierror):
        return Failure.NAME
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure.CERTIFICATE
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return Failure.CONNECT_TIMEOUT
    if isinstance(error, ssl.SSLError):
        return Failure.TLS
    return _BY_ERRNO.get(error.errno or 0, Failure.UNREACHABLE)


def exchange_failure(error: OSError) -> Failure:
    """The name for an error while sending a request or reading its response."""
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return Failure.TIMEOUT
    if isinstance(error, ssl.SSLError):
        return Failure.TLS
    return _BY_ERRNO.get(error.errno or 0, Failure.RESET)
