"""Uvicorn's HTTP protocol with a short way: what is ready is written as its request is read.

A task, a scope, its messages and their checks cost several times what such an answer does. Whatever
is not an everyday request (another method, a body, a fault, an unknown token, a client that sends
ahead) goes the long way, through ASGI, which alone refuses.
"""

from __future__ import annotations

import asyncio
import select
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from rehearsal.platform.app import Application


class PlatformProtocol(HttpToolsProtocol):
    """One connection of the edge to the platform."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._application = cast("Application", config.app)
        self._is_settled = False
        self._peer = select.poll()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Watches the other end too: it may close while its request waits to be read."""
        super().connection_made(transport)
        self._peer.register(transport.get_extra_info("socket").fileno(), 0)

    def on_headers_complete(self) -> None:
        """Answers at once, or drops what nobody waits for, or lets uvicorn start a task."""
        self._is_settled = self._drops() or self._answers()
        if not self._is_settled:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Leaves the body of a request that is settled unread."""
        if not self._is_settled:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Ends the reading of one request."""
        if not self._is_settled:
            super().on_message_complete()

    def _drops(self) -> bool:
        """Work for a client that is gone would make an overload last."""
        if not self._peer.poll(0):
            return False
        self._application.drop(self.url)
        self.transport.abort()
        return True

    def _answers(self) -> bool:
        if not self._is_everyday():
            return False
        answer = self._application.at_once(self.url, self.headers)
        if answer is None:
            return False
        self.transport.write(answer)
        return True

    def _is_everyday(self) -> bool:
        return (
            self.parser.get_method() == b"GET"
            and (self.cycle is None or self.cycle.response_complete)
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.flow.write_paused
        )
