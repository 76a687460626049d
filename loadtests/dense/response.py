"""A response: what came back, and what the caller says of it."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from datetime import timedelta
from email.message import Message
from types import TracebackType
from typing import Any, Protocol, Self

from locust.exception import (
    CatchResponseError,
    InterruptTaskSet,
    LocustError,
    RescheduleTask,
    ResponseError,
    StopUser,
)

from loadtests.dense.headers import Headers

_REFUSED = 400
_CONTROL_FLOW = (InterruptTaskSet, RescheduleTask, StopUser)
"""How a Locust task ends itself: says nothing of the request around it."""


class Report(Protocol):
    """Tells Locust how a request ended."""

    def __call__(self, response: DenseResponse, exception: BaseException | None, /) -> None:
        """`exception` is None for a success."""


class DenseResponse:
    """What came back. `status_code` is 0 and `error` is set when no whole response was read.

    `length` is the size of the body in bytes, decoded where it was kept; `bytes_received` what
    connections carried for it, headers and redirects included. `history` holds the redirects that
    led here, `seconds` the time from the request's start to the response's end.
    """

    # Defaults that most responses never change cost nothing here.
    body = b""
    length = 0
    bytes_received = 0
    seconds = 0.0
    sets_cookies = False
    error: BaseException | None = None
    history: tuple[DenseResponse, ...] = ()
    rest: Iterator[bytes] | None = None
    """What is still to be read, after a request with `stream`."""
    encoding: str | None = None
    """Set it where the server does not tell in which encoding its text is."""
    js: Any = None
    """The JSON body, inside a `rest` block."""
    request_meta: dict[str, Any]
    """What Locust's event will say; inside a with-block it may still be changed."""
    _report: Report | None = None
    _entered = False
    _decided = False
    _verdict: BaseException | None = None

    def __init__(self, *, url: str, status_code: int = 0) -> None:
        self.url = url
        self.status_code = status_code
        self.raw_headers: list[tuple[bytes, bytes]] = []

    @property
    def whole(self) -> bool:
        """Whether a whole response was read, whatever its status."""
        return self.status_code != 0

    @property
    def ok(self) -> bool:
        """Whether a whole response was read and its status is below 400."""
        return 0 < self.status_code < _REFUSED

    @property
    def content(self) -> bytes:
        """The body, decoded; empty when it was read and only counted (`discard`)."""
        if self.rest is not None:
            self.body = b"".join(self.iter_content(decode_content=False))
        return self.body

    @property
    def text(self) -> str:
        """The body in the encoding that the headers name, else UTF-8; the unreadable replaced."""
        encoding = self.encoding or _charset(self.headers.get("content-type", ""))
        return self.content.decode(encoding, errors="replace")

    @property
    def headers(self) -> Headers:
        """The headers, by name in any case."""
        return Headers(self.raw_headers)

    @property
    def elapsed(self) -> timedelta:
        """From the request's start to the response's end."""
        return timedelta(seconds=self.seconds)

    def json(self) -> Any:  # noqa: ANN401 - JSON may be anything
        """The body read as JSON. Raises ValueError."""
        return json.loads(self.content)

    def iter_content(
        self,
        chunk_size: int = 1024,
        decode_content: bool = True,  # noqa: FBT001, FBT002 - as Locust has it
    ) -> Iterator[Any]:
        """The body in pieces, as text where a piece is text in UTF-8 and `decode_content` is true.

        After a request with `stream` they are read from the connection and not kept. When it
        breaks, the pieces end, and `error` says why.
        """
        pieces, self.rest = self.rest or iter((self.body,)), None
        for piece in pieces:
            for start in range(0, len(piece), chunk_size):
                chunk = piece[start : start + chunk_size]
                yield _text_if_it_is(chunk) if decode_content else chunk

    def raise_for_status(self) -> None:
        """Raises what went wrong: no response, a status of 400 or more, or your own verdict."""
        if self._decided:
            if self._verdict is not None:
                raise self._verdict
            return
        if self.error is not None:
            raise self.error
        if self.status_code >= _REFUSED:
            raise CatchResponseError(f"HTTP {self.status_code}")

    def success(self) -> None:
        """In a `catch_response` block: this counts as a success."""
        self._decide(None)

    def failure(self, why: str | BaseException) -> None:
        """In a `catch_response` block: this counts as a failure, under that name."""
        self._decide(why if isinstance(why, BaseException) else CatchResponseError(why))

    def reported_by(self, report: Report) -> DenseResponse:
        """Itself, to be used in a with-block that reports at its end."""
        self._report = report
        return self

    def __enter__(self) -> Self:
        if self._report is None:
            raise LocustError("a with-block around a request needs catch_response=True")
        self._entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        report, self._report = self._report, None
        if report is not None:
            report(self, self._judged(error))
        return isinstance(error, ResponseError) and not self._decided

    def _judged(self, raised: BaseException | None) -> BaseException | None:
        """The caller's verdict; else what their block raised; else what the status says."""
        mistake = isinstance(raised, Exception) and not isinstance(raised, _CONTROL_FLOW)
        if mistake and not self._decided:
            return raised
        try:
            self.raise_for_status()
        except Exception as wrong:
            return wrong
        return None

    def _decide(self, verdict: BaseException | None) -> None:
        if not self._entered:
            raise LocustError("a verdict needs catch_response=True and a with-block")
        self._decided, self._verdict = True, verdict


def _charset(content_type: str) -> str:
    message = Message()
    message["content-type"] = content_type
    named = message.get_content_charset("utf-8")
    try:
        return codecs.lookup(named).name
    except LookupError:
        return "utf-8"


def _text_if_it_is(chunk: bytes) -> bytes | str:
    try:
        return chunk.decode()
    except UnicodeDecodeError:
        return chunk
