"""Answers that do not change while the platform runs: their bytes are written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from starlette.responses import Response


class Ready(Response):
    """A 200 that is also kept as HTTP/1.1 sends it, head and body, in `wire`."""

    def __init__(
        self, content: bytes, media_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(content, headers=headers, media_type=media_type)
        head = b"".join(b"%b: %b\r\n" % header for header in self.raw_headers)
        self.wire = b"HTTP/1.1 200 OK\r\n%b\r\n%b" % (head, content)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hashed:
    """Bytes that bear their hash: the ETag, which is their SHA-256, and both answers to a GET."""

    etag: str
    response: Ready
    unchanged: Response
    """For whoever has them already."""


def hashed(body: bytes, media_type: str, edge_uri: str | None = None) -> Hashed:
    """The answers for that body; with `edge_uri` the edge sends it, from there."""
    etag = f'"{sha256(body).hexdigest()}"'
    headers = {"etag": etag, "cache-control": "private, max-age=3600"}
    unchanged = Response(status_code=304, headers=headers)
    if edge_uri is None:
        response = Ready(body, media_type, headers)
    else:
        response = Ready(b"", media_type, {**headers, "x-accel-redirect": edge_uri})
    return Hashed(etag=etag, response=response, unchanged=unchanged)
