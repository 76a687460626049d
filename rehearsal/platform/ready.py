"""Answers that do not change while the platform runs: their bytes are written once."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response


class Ready(Response):
    """A 200 that is also kept as HTTP/1.1 sends it, head and body, in `wire`."""

    def __init__(
        self, content: bytes, media_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(content, headers=headers, media_type=media_type)
        head = b"".join(b"%b: %b\r\n" % header for header in self.raw_headers)
        self.wire = b"HTTP/1.1 200 OK\r\n%b\r\n%b" % (head, content)
