"""Calls an ASGI application in this process, as one request after the other."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        return json.loads(self.body)


async def call(
    app: ASGIApp,
    target: str,
    *,
    token: str | None = None,
    send: object = None,
    headers: dict[str, str] | None = None,
) -> Reply:
    """POSTs `send` (bytes as they are, anything else as JSON) where there is one, else GETs."""
    body = send if isinstance(send, bytes) else json.dumps(send).encode()
    path, _, query = target.partition("?")
    asked = {"authorization": f"Bearer {token}"} if token else {}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET" if send is None else "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(k.encode(), v.encode()) for k, v in {**asked, **(headers or {})}.items()],
    }
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def sent(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, sent)
    start = messages[0]
    return Reply(
        status=start["status"],
        headers={k.decode(): v.decode() for k, v in start["headers"]},
        body=b"".join(m.get("body", b"") for m in messages[1:]),
    )


def get(app: ASGIApp, target: str, **how: Any) -> Reply:  # noqa: ANN401 - passed on
    return asyncio.run(call(app, target, **how))
