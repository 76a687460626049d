"""A response, and the reader that makes one from bytes."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Protocol, Self

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from locust.exception import CatchResponseError, LocustError

from loadtests.dense.failures import ExchangeError, Failure

_HEAD_BYTES_MAX = 64 * 1024
"""No server of sense sends more header than this (nginx allows itself 4 to 8 KiB)."""
_BODY_BYTES_MAX = 256 * 1024 * 1024
_INTERIM = range(100, 200)
_BODILESS = (204, 304)
_REFUSED = 400


class Report(Protocol):
    """Tells Locust how a request ended."""

    def __call__(self, exception: BaseException | None) -> None:
        """`exception` is None for a success."""


class DenseResponse:
    """What came back. `status_code` is 0 and `error` is set when no whole response was read.

    `content` is the body, or empty when it was read and only counted; `length` is its size in
    bytes, `bytes_received` what the connection carried for it, headers included.
    """

    __slots__ = (
        "_report",
        "bytes_received",
        "content",
        "error",
        "length",
        "raw_headers",
        "status_code",
        "url",
    )

    def __init__(self, *, url: str, status_code: int = 0) -> None:
        self.url = url
        self.status_code = status_code
        self.raw_headers: list[tuple[bytes, bytes]] = []
        self.content = b""
        self.length = 0
        self.bytes_received = 0
        self.error: BaseException | None = None
        self._report: Report | None = None

    @property
    def whole(self) -> bool:
        """Whether a whole response was read, whatever its status."""
        return self.status_code != 0

    @property
    def ok(self) -> bool:
        """Whether a whole response was read and its status is below 400."""
        return 0 < self.status_code < _REFUSED

    @property
    def text(self) -> str:
        """The body as UTF-8, what cannot be read replaced."""
        return self.content.decode("utf-8", errors="replace")

    @property
    def headers(self) -> dict[str, str]:
        """Headers by lower-case name; repeated ones joined by a comma."""
        found: dict[str, str] = {}
        for raw_name, raw_value in self.raw_headers:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            found[name] = f"{found[name]}, {value}" if name in found else value
        return found

    def json(self) -> Any:  # noqa: ANN401 - JSON may be anything
        """The body read as JSON. Raises ValueError."""
        return json.loads(self.content)

    def raise_for_status(self) -> None:
        """Raises what went wrong: no response, or a status of 400 or more."""
        if self.error is not None:
            raise self.error
        if self.status_code >= _REFUSED:
            raise CatchResponseError(f"HTTP {self.status_code}")

    def success(self) -> None:
        """In a `catch_response` block: this counts as a success."""
        self._tell(None)

    def failure(self, why: str | BaseException) -> None:
        """In a `catch_response` block: this counts as a failure, under that name."""
        self._tell(why if isinstance(why, BaseException) else CatchResponseError(why))

    def reported_by(self, report: Report) -> DenseResponse:
        """Itself, to be used in a with-block that reports at its end."""
        self._report = report
        return self

    def __enter__(self) -> Self:
        if self._report is None:
            raise LocustError("a with-block around a request needs catch_response=True")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if self._report is None:
            return False
        if error is not None:
            self._tell(error)
            return isinstance(error, CatchResponseError)
        try:
            self.raise_for_status()
        except Exception as wrong:
            self._tell(wrong)
        else:
            self._tell(None)
        return False

    def _tell(self, exception: BaseException | None) -> None:
        report, self._report = self._report, None
        if report is not None:
            report(exception)


class ResponseReader:
    """Feeds bytes to the C parser until one response is complete.

    A reader serves one response at a time and can be used again while `reusable`; so only
    requests in flight need one, not every user.
    """

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self.begin(DenseResponse(url=""))

    def begin(self, response: DenseResponse, *, head: bool = False, keep_body: bool = True) -> None:
        """Makes ready for the response to one request; `head` says that it was a HEAD."""
        self._response = response
        self._head = head
        self._keep_body = keep_body
        self._chunks: list[bytes] = []
        self._status = 0
        self._headers_read = False
        self.complete = False
        self.keep_alive = False
        self.reusable = True

    def feed(self, data: memoryview) -> None:
        """Takes what arrived. Raises ExchangeError for what is not a response."""
        self._response.bytes_received += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._reject(Failure.GARBAGE)
        except HttpParserError:
            self.reusable = self.keep_alive = False
            if not self.complete:
                self._reject(Failure.GARBAGE)
        if not self._headers_read and self._response.bytes_received > _HEAD_BYTES_MAX:
            self._reject(Failure.ENDLESS)
        if self._response.length > _BODY_BYTES_MAX:
            self._reject(Failure.ENDLESS)

    def end(self) -> None:
        """Takes the connection's end, which completes a body without a length (RFC 9112, 6.3).

        Raises ExchangeError when the response is not whole.
        """
        self.reusable = self.keep_alive = False
        if self._headers_read and not self._framed():
            self._finish()
            return
        silent = self._response.bytes_received == 0
        raise ExchangeError(Failure.CLOSED if silent else Failure.CUT_SHORT, silent=silent)

    def on_message_begin(self) -> None:
        """Called by the parser. A second response to one request is refused."""
        if self.complete:
            raise HttpParserError("a response that nobody asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self._response.raw_headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._headers_read = True
        self._status = self._parser.get_status_code()
        if self._head and self._status not in _INTERIM:
            self.reusable = False
            self.keep_alive = self._parser.should_keep_alive()
            self._finish()

    def on_body(self, data: bytes) -> None:
        """Called by the parser."""
        self._response.length += len(data)
        if self._keep_body:
            self._chunks.append(data)

    def on_message_complete(self) -> None:
        """Called by the parser. An interim response (1xx) is passed over."""
        if self._status in _INTERIM:
            self._headers_read = False
            self._response.raw_headers.clear()
        elif not self.complete:
            self.keep_alive = self._parser.should_keep_alive()
            self._finish()

    def _finish(self) -> None:
        chunks = self._chunks
        self._response.content = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._response.status_code = self._status
        self._chunks = []
        self.complete = True

    def _framed(self) -> bool:
        """Whether the headers say where the body ends."""
        if self._status in _BODILESS:
            return True
        framing = {name.lower() for name, _ in self._response.raw_headers}
        return not framing.isdisjoint({b"content-length", b"transfer-encoding"})

    def _reject(self, failure: Failure) -> None:
        self.reusable = self.keep_alive = False
        raise ExchangeError(failure)
