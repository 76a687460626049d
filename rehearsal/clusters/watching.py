"""Watches one collection of a Kubernetes API: a list, then each change as it comes.

Asynchronous through and through, so that a cancellation ends it at once and fourteen watches cost
no thread. HTTP is parsed by httptools; a watch that the server ends is begun again with a list.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping

import httptools

from processes.errors import ProcessError
from rehearsal.machine_room.api import Answer, Door

_CHUNK_BYTES = 65_536
_PAUSE_SECONDS = 0.5
_FAILURES_MAX = 20
"""Times that the server may be away in a row: ten seconds, longer than a restart takes."""


class Watch:
    """The collection at `path` as it is now, by name.

    `on_change` is told of each object that came, changed or went, after it did.
    """

    def __init__(self, door: Door, path: str, on_change: Callable[[Answer], None]) -> None:
        self._door = door
        self._path = path
        self._on_change = on_change
        self._objects: dict[str, Answer] = {}
        self._trust: ssl.SSLContext | None = None
        self.is_synced = False

    @property
    def objects(self) -> Mapping[str, Answer]:
        """What was seen last."""
        return self._objects

    async def run(self) -> None:
        """Watches until it is cancelled. Raises ProcessError when the server stays away."""
        failures = 0
        while True:
            try:
                version = await self._list()
                failures = 0
                await self._follow(version)
            except (OSError, httptools.HttpParserError, json.JSONDecodeError) as error:
                failures += 1
                if failures > _FAILURES_MAX:
                    raise ProcessError(
                        f"the API server of {self._door.site} does not answer: {error}",
                        "see its log in the machine room's folder",
                    ) from error
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _list(self) -> str:
        async with _Response.of(self._door, self._path, self._context()) as response:
            text = b"".join([part async for part in response.parts()])
            if response.status != http.client.OK:
                raise OSError(f"{self._path} answered {response.status}")
        answer: Answer = json.loads(text)
        before = self._objects
        self._objects = {item["metadata"]["name"]: item for item in answer["items"]}
        self.is_synced = True
        for item in {**before, **self._objects}.values():
            self._on_change(item)
        return str(answer["metadata"]["resourceVersion"])

    async def _follow(self, version: str) -> None:
        path = f"{self._path}?watch=1&resourceVersion={version}"
        async with _Response.of(self._door, path, self._context()) as response:
            rest = b""
            async for part in response.parts():
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    if not self._take(json.loads(line)):
                        return

    def _take(self, event: Answer) -> bool:
        """Keeps what an event tells; False when the server says that the list is too old."""
        if event["type"] == "ERROR":
            return False
        item = event["object"]
        name = item["metadata"]["name"]
        if event["type"] == "DELETED":
            self._objects.pop(name, None)
        else:
            self._objects[name] = item
        self._on_change(item)
        return True

    def _context(self) -> ssl.SSLContext:
        self._trust = self._trust or self._door.trust()
        return self._trust


class _Response:
    """One GET on a connection of its own, read as it comes."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._complete = False
        self.status = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, door: Door, path: str, trust: ssl.SSLContext) -> AsyncIterator[_Response]:
        """The response, with its head read. Raises OSError as connections do."""
        host, port = door.address
        reader, writer = await asyncio.open_connection(host, port, ssl=trust)
        try:
            head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode("ascii"))
            response = cls(reader)
            while not response.status and await response._feed():
                pass
            yield response
        finally:
            writer.transport.abort()

    async def parts(self) -> AsyncIterator[bytes]:
        """The body, in parts as they arrive."""
        while True:
            parts, self._parts = self._parts, []
            for part in parts:
                yield part
            if not await self._feed():
                break
        for part in self._parts:
            yield part

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        self._complete = True

    async def _feed(self) -> bool:
        if self._complete:
            return False
        data = await self._reader.read(_CHUNK_BYTES)
        if data:
            self._parser.feed_data(data)
        return bool(data)
