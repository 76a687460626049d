"""Content codings of a response's body: gzip, deflate and Brotli (RFC 9110, 8.4)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import brotli

from loadtests.dense.failures import ExchangeError, Failure

BODY_BYTES_MAX = 256 * 1024 * 1024
"""More than this is kept of no body: one answer must not take a worker's memory."""


def decoded(body: bytes, codings: str) -> bytes:
    """The body without those codings, the last one taken off first.

    Raises ExchangeError when it is broken, too long, or coded in a way nobody asked for.
    """
    for coding in reversed([each.strip().lower() for each in codings.split(",")]):
        decode = _DECODERS.get(coding)
        if decode is None:
            raise ExchangeError(Failure.CODING)
        try:
            body = decode(body)
        except (zlib.error, brotli.error) as error:
            raise ExchangeError(Failure.CODING) from error
    return body


def _gunzipped(body: bytes) -> bytes:
    """All members of a gzip file, one after another (RFC 1952, 2.2)."""
    members = []
    while body:
        member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        members.append(_inflated(member, body))
        body = member.unused_data
    return b"".join(members)


def _deflated(body: bytes) -> bytes:
    """The zlib format, or the bare one that some servers send for it."""
    zlib_header = len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and body[:2] != b"\0\0"
    if zlib_header and int.from_bytes(body[:2], "big") % 31 == 0:
        return _inflated(zlib.decompressobj(), body)
    return _inflated(zlib.decompressobj(-zlib.MAX_WBITS), body)


def _inflated(stream: zlib._Decompress, body: bytes) -> bytes:
    content = stream.decompress(body, BODY_BYTES_MAX)
    return _all_of_it(content, finished=stream.eof)


def _unbrotlied(body: bytes) -> bytes:
    stream = brotli.Decompressor()
    content: bytes = stream.process(body, output_buffer_limit=BODY_BYTES_MAX)
    return _all_of_it(content, finished=stream.is_finished())


def _all_of_it(content: bytes, *, finished: bool) -> bytes:
    if not finished:
        raise ExchangeError(Failure.ENDLESS if len(content) >= BODY_BYTES_MAX else Failure.CODING)
    return content


def _unchanged(body: bytes) -> bytes:
    return body


_DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": _gunzipped,
    "x-gzip": _gunzipped,
    "deflate": _deflated,
    "br": _unbrotlied,
    "identity": _unchanged,
    "": _unchanged,
}
