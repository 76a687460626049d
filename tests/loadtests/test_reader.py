"""The response reader: whatever arrives, in whatever pieces, it neither crashes nor hangs."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from loadtests.dense.failures import ExchangeError
from loadtests.dense.reader import ResponseReader
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
    except ExchangeError as error:
        assert response.status_code == 0
        assert not reader.reusable
        return ("failed", error.failure)
    assert reader.complete
    reader.settle()
    return (response.status_code, response.content, response.raw_headers)


@given(STREAMS, st.lists(st.integers(0, 500), max_size=5), st.booleans())
def test_any_bytes_give_a_response_or_a_named_failure(
    stream: bytes,
    cuts: list[int],
    head: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    read(stream, cuts, head=head)


@given(
    st.binary(max_size=300),
    st.sampled_from([200, 201, 404, 503]),
    st.lists(st.integers(0, 1000), max_size=8),
    st.booleans(),
)
def test_a_good_response_is_the_same_however_it_is_cut(
    body: bytes,
    status: int,
    cuts: list[int],
    chunked: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    if chunked:
        pieces = [body[i : i + 50] for i in range(0, len(body), 50)]
        framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        header = (b"Transfer-Encoding", b"chunked")
    else:
        framed, header = body, (b"Content-Length", str(len(body)).encode())
    stream = b"HTTP/1.1 %d X\r\n%b: %b\r\n\r\n%b" % (status, *header, framed)
    assert read(stream, cuts) == (status, body, [header])


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
