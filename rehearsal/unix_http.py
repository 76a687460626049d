"""One HTTP request over a Unix socket: how rehearsal programs are asked for their counters."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

_HEADERS_END = b"\r\n\r\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer's status and body."""

    status: int
    body: bytes


async def ask(
    path: Path, target: str, *, send: bytes | None = None, timeout_seconds: float = 10
) -> Answer:
    """GETs `target`, or POSTs `send` to it. Raises OSError, or TimeoutError, without an answer."""
    async with asyncio.timeout(timeout_seconds):
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            writer.write(_request(target, send))
            whole = await reader.read()
        finally:
            writer.close()
    head, found, body = whole.partition(_HEADERS_END)
    if not found:
        raise ConnectionError(f"{path.name} closed without an answer")
    return Answer(status=int(head.split(b" ", 2)[1]), body=body)


def _request(target: str, send: bytes | None) -> bytes:
    """HTTP/1.0, so that the end of the connection is the end of the body."""
    method = "GET" if send is None else "POST"
    length = f"Content-Length: {len(send or b'')}\r\n"
    return f"{method} {target} HTTP/1.0\r\nHost: internal\r\n{length}\r\n".encode() + (send or b"")
