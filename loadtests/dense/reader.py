"""The reader that makes a response from bytes, whatever pieces they come in."""

from __future__ import annotations

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from loadtests.dense.decoding import BODY_BYTES_MAX, decoded
from loadtests.dense.failures import ExchangeError, Failure
from loadtests.dense.response import DenseResponse

_HEAD_BYTES_MAX = 64 * 1024
"""No server of sense sends more header than this (nginx allows itself 4 to 8 KiB)."""
_INTERIM = range(100, 200)
_BODILESS = (204, 304)
_SET_COOKIE, _CODING, _LENGTH = b"set-cookie", b"content-encoding", b"content-length"
_NOTED_SIZES = frozenset({len(_SET_COOKIE), len(_CODING), len(_LENGTH)})
"""Most headers are of other lengths, which is quicker to see than their names."""


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
        self._raw_headers = response.raw_headers
        self._head = head
        self._keep_body = keep_body
        self._chunks: list[bytes] = []
        self._kept = 0
        self._codings = ""
        self._body_bytes = 0
        self._status = 0
        self.headers_read = False
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
        if not self.headers_read and self._response.bytes_received > _HEAD_BYTES_MAX:
            self._reject(Failure.ENDLESS)
        if self._kept > BODY_BYTES_MAX:
            self._reject(Failure.ENDLESS)

    def end(self) -> None:
        """Takes the connection's end, which completes a body without a length (RFC 9112, 6.3).

        Raises ExchangeError when the response is not whole.
        """
        self.reusable = self.keep_alive = False
        if self.headers_read and not self._framed():
            self.complete = True
            return
        failure = Failure.CLOSED if self.silent else Failure.CUT_SHORT
        raise ExchangeError(failure, silent=self.silent)

    def on_message_begin(self) -> None:
        """Called by the parser. A second response to one request is refused."""
        if self.complete:
            raise HttpParserError("a response that nobody asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self._raw_headers.append((name, value))
        if len(name) in _NOTED_SIZES:
            self._note(name.lower(), value)

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self.headers_read = True
        self._status = self._parser.get_status_code()
        if self._head and self._status not in _INTERIM:
            self.reusable = False
            self.keep_alive = self._parser.should_keep_alive()
            self.complete = True

    def on_body(self, data: bytes) -> None:
        """Called by the parser."""
        if self.complete:  # a body after the headers that answer a HEAD
            self.keep_alive = False
            return
        self._response.length += len(data)
        if self._keep_body:
            self._chunks.append(data)
            self._kept += len(data)

    def on_message_complete(self) -> None:
        """Called by the parser. An interim response (1xx) is passed over."""
        if self._status in _INTERIM:
            self.headers_read = False
            self._raw_headers.clear()
            self._response.sets_cookies, self._codings, self._body_bytes = False, "", 0
        elif not self.complete:
            self.keep_alive = self._parser.should_keep_alive()
            self.complete = True

    def take(self) -> bytes:
        """The part of the body that has arrived since the last call, to be passed on."""
        chunks, self._chunks, self._kept = self._chunks, [], 0
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def settle(self) -> None:
        """Gives the complete response its status and body. Raises ExchangeError."""
        response = self._response
        body = self.take()
        if self._codings and body:
            body = decoded(body, self._codings)
            response.length = len(body)
        response.body = body
        response.status_code = self._status

    def open(self) -> None:
        """Gives the response its status while its body is still to come."""
        self._response.status_code = self._status

    def break_off(self, error: ExchangeError) -> None:
        """Tells the response that its body broke off."""
        self._response.error = error
        self._response.status_code = 0

    @property
    def missing(self) -> int:
        """How many bytes of the body are still to come; 0 where the headers do not tell."""
        return max(0, self._body_bytes - self._response.length)

    @property
    def silent(self) -> bool:
        """Whether nothing has arrived."""
        return self._response.bytes_received == 0

    def _note(self, name: bytes, value: bytes) -> None:
        if name == _SET_COOKIE:
            self._response.sets_cookies = True
        elif name == _LENGTH:
            self._body_bytes = int(value)  # digits alone: the parser has refused anything else
        elif name == _CODING:
            coding = value.decode("latin-1")
            self._codings = f"{self._codings},{coding}" if self._codings else coding

    def _framed(self) -> bool:
        """Whether the headers say where the body ends."""
        if self._status in _BODILESS:
            return True
        framing = {name.lower() for name, _ in self._response.raw_headers}
        return not framing.isdisjoint({b"content-length", b"transfer-encoding"})

    def _reject(self, failure: Failure) -> None:
        self.reusable = self.keep_alive = False
        raise ExchangeError(failure)


_idle: list[ResponseReader] = []


def reader_for(response: DenseResponse, *, head: bool, keep_body: bool) -> ResponseReader:
    """A reader for the response to one request, used before or new."""
    reader = _idle.pop() if _idle else ResponseReader()
    reader.begin(response, head=head, keep_body=keep_body)
    return reader


def give_back(reader: ResponseReader) -> None:
    """Keeps a reader for the next request, if it can be used again.

    After an answer that ends its connection it cannot: the parser takes no bytes any more.
    """
    if reader.reusable and reader.keep_alive:
        _idle.append(reader)
