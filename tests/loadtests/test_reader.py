"""The response reader: whatever arrives, in whatever pieces, it neither crashes nor hangs."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import brotli
from hypothesis import given
from hypothesis import strategies as st

from loadtests.dense.decoding import decoded
from loadtests.dense.failures import ExchangeError, Failure
from loadtests.dense.reader import ResponseReader, give_back, reader_for
from loadtests.dense.response import DenseResponse

TOKENS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 204 No Content\r\n",
        b"HTTP/1.0 100 Continue\r\n",
        b"HTTP/1.1 101 X\r\n",
        b"Content-Length: 3\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"Upgrade: h2c\r\nConnection: upgrade\r\n",
        b"\r\n",
        b"3\r\nabc\r\n",
        b"0\r\n\r\n",
        b"abc",
        b"\0",
    ]
)
STREAMS = st.one_of(st.binary(max_size=400), st.lists(TOKENS, max_size=12).map(b"".join))


def read(stream: bytes, cuts: list[int], *, head: bool = False) -> tuple[object, ...]:
    """What a connection would make of that stream, cut into pieces at those places."""
    reader, response = ResponseReader(), DenseResponse(url="/")
    reader.begin(response, head=head)
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    try:
        for start, end in pairwise(edges):
            reader.feed(memoryview(stream)[start:end])
            if reader.complete:
                break
        if not reader.complete:
            reader.end()
        reader.settle()
    except ExchangeError as error:
        return (response.status_code or "failed", error.failure)
    assert reader.complete
    return (response.status_code, response.content, response.raw_headers)


@given(STREAMS, st.lists(st.integers(0, 500), max_size=5), st.booleans())
def test_any_bytes_give_a_response_or_a_named_failure(
    stream: bytes,
    cuts: list[int],
    head: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    found = read(stream, cuts, head=head)
    assert len(found) == 3 or found[0] == "failed"


@dataclass(frozen=True)
class Answer:
    """A response as a server of sense may send it, and what has to be made of it."""

    stream: bytes
    head_bytes: int
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    framed: bool
    head: bool


NAMES = st.sampled_from([b"Server", b"Set-Cookie", b"X-Twelve-Long", b"eTag", b"content-language"])
VALUES = st.text('abcXYZ019 ;=/"', max_size=30).map(lambda text: text.strip().encode())
CODINGS: Mapping[bytes, Callable[[bytes], bytes]] = {
    b"": bytes,
    b"identity": bytes,
    b"gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"br": brotli.compress,
    b"gzip, br": lambda body: brotli.compress(gzip.compress(body)),
}
INTERIM = [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 X\r\nSet-Cookie: a=b\r\n\r\n"]


def _chunked(draw: st.DrawFn, body: bytes) -> bytes:
    size = draw(st.integers(1, 80))
    note = draw(st.sampled_from([b"", b";a=b"]))
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(piece), note, piece) for piece in pieces)
    return chunks + b"0\r\n\r\n"


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    status = draw(st.sampled_from([200, 201, 204, 304, 404, 503]))
    head = draw(st.booleans())
    headers = draw(st.lists(st.tuples(NAMES, VALUES), max_size=5))
    coding = draw(st.sampled_from(sorted(CODINGS)))
    framing = draw(st.sampled_from(["length", "chunks", "end"]))
    body = b"" if head or status in {204, 304} else draw(st.binary(max_size=300))
    coded = CODINGS[coding](body) if body else b""
    if coding:
        headers.append((b"Content-Encoding", coding))
    sent = coded
    if framing == "length":
        headers.append((b"Content-Length", b"%d" % len(coded)))
    elif framing == "chunks":
        headers.append((b"Transfer-Encoding", b"chunked"))
        sent = b"" if head or status in {204, 304} else _chunked(draw, coded)
    start = draw(st.sampled_from(INTERIM)) + b"HTTP/1.1 %d X\r\n" % status
    top = start + b"".join(b"%b: %b\r\n" % header for header in headers) + b"\r\n"
    framed = framing != "end" or head or status in {204, 304}
    return Answer(top + sent, len(top), status, headers, body, framed, head)


CUTS = st.lists(st.integers(0, 1000), max_size=8)


@given(answers(), CUTS)
def test_a_good_response_is_the_same_however_it_is_cut(answer: Answer, cuts: list[int]) -> None:
    expected = (answer.status, answer.body, answer.headers)
    assert read(answer.stream, cuts, head=answer.head) == expected
    assert read(answer.stream, list(range(len(answer.stream))), head=answer.head) == expected


@given(answers(), CUTS, st.integers(0, 1000))
def test_half_a_response_is_never_a_whole_one(answer: Answer, cuts: list[int], end: int) -> None:
    end %= len(answer.stream)
    found = read(answer.stream[:end], cuts, head=answer.head)
    if end < answer.head_bytes or answer.framed:
        assert found == ("failed", Failure.CUT_SHORT if end else Failure.CLOSED)
    elif found[0] == "failed":
        assert found[1] is Failure.CODING


@given(answers(), st.binary(min_size=1, max_size=50), st.integers(0, 1000))
def test_what_comes_behind_a_response_does_not_change_it(
    answer: Answer, junk: bytes, cut: int
) -> None:
    if answer.framed:
        found = read(answer.stream + junk, [cut], head=answer.head)
        assert found == (answer.status, answer.body, answer.headers)


@given(st.lists(STREAMS, max_size=4), answers())
def test_readers_are_only_used_again_when_they_are_clean(
    streams: list[bytes], answer: Answer
) -> None:
    for stream in streams:
        reader = reader_for(DenseResponse(url="/"), head=False, keep_body=True)
        with suppress(ExchangeError):
            reader.feed(memoryview(stream))
            reader.settle()
        if reader.complete:
            give_back(reader)
    response = DenseResponse(url="/")
    reader = reader_for(response, head=answer.head, keep_body=True)
    reader.feed(memoryview(answer.stream))
    if not answer.framed:
        reader.end()
    reader.settle()
    assert (response.status_code, response.content) == (answer.status, answer.body)
    cookies = any(name == b"Set-Cookie" for name, _ in answer.headers)
    assert response.sets_cookies == cookies
    give_back(reader)


@given(st.binary(max_size=200), st.sampled_from([b"gzip", b"deflate", b"br", b"br, gzip", b"x"]))
def test_a_broken_body_has_a_name(body: bytes, coding: bytes) -> None:
    with suppress(ExchangeError):
        decoded(body, coding.decode())


@given(st.lists(st.binary(max_size=50), min_size=2, max_size=5))
def test_a_reader_serves_one_response_after_another(bodies: list[bytes]) -> None:
    reader = ResponseReader()
    for body in bodies:
        response = DenseResponse(url="/")
        reader.begin(response)
        reader.feed(
            memoryview(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        )
        assert reader.complete
        assert reader.reusable
        assert reader.keep_alive
        reader.settle()
        assert response.content == body
