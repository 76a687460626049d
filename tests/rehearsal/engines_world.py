"""Database servers and object stores in memory, which refuse, go silent and forget on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from enum import Enum, auto

import asyncpg

from rehearsal.objects.errors import ObjectStoreError
from rehearsal.platform.connections import Connections, Rows
from rehearsal.platform.database import Database
from rehearsal.platform.stores import Copies, Stores


class State(Enum):
    WELL = auto()
    REFUSES = auto()
    SILENT = auto()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class MemoryServer:
    """A server of the database. `answers_lost` commits are made without a word of it."""

    def __init__(self, site: str, *, leads: bool = False) -> None:
        self.site = site
        self.leads = leads
        self.state = State.WELL
        self.asked = 0
        self.committed: list[str] = []
        self.answers_lost = 0
        self.catalogue: dict[str, dict[str, str]] = {}
        self.connections: list[MemoryConnection] = []

    async def connect(self) -> MemoryConnection:
        await self.answer()
        self.connections.append(MemoryConnection(self))
        return self.connections[-1]

    async def answer(self) -> None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.state is State.REFUSES:
            raise ConnectionRefusedError
        if self.state is State.SILENT:
            await asyncio.Event().wait()

    def die(self) -> None:
        """As by SIGKILL: whoever is connected sees it."""
        self.state = State.REFUSES
        for connection in self.connections:
            connection.terminate()

    @property
    def kept(self) -> int:
        return sum(not connection.is_closed() for connection in self.connections)


class MemoryConnection:
    def __init__(self, server: MemoryServer) -> None:
        self._server = server
        self._is_closed = False

    async def fetch(self, statement: str, *values: object) -> Rows:
        await self._server.answer()
        if any("\0" in str(value) for value in values):
            raise asyncpg.CharacterNotInRepertoireError("invalid byte sequence: 0x00")
        if "pg_is_in_recovery" in statement:
            return [{"leads": self._server.leads}]
        if "FROM catalogue" in statement:
            return [
                self._server.catalogue[key]
                for key in map(str, values)
                if key in self._server.catalogue
            ]
        if statement == "broken":
            raise asyncpg.UndefinedTableError("no such table")
        if statement.startswith("INSERT"):
            if not self._server.leads:
                raise asyncpg.ReadOnlySQLTransactionError("read-only")
            self._server.committed.append(statement)
        if self._server.answers_lost:
            self._server.answers_lost -= 1
            raise asyncpg.ConnectionDoesNotExistError("closed in the middle")
        return [{"site": self._server.site}]

    def is_closed(self) -> bool:
        return self._is_closed

    def terminate(self) -> None:
        self._is_closed = True


class MemoryZone:
    """A zone of an object store."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.state = State.WELL
        self.asked = 0

    async def put(self, bucket: str, key: str, body: bytes) -> None:
        await self._answer()
        self.objects[bucket, key] = body

    async def get(self, bucket: str, key: str) -> bytes:
        await self._answer()
        if (bucket, key) not in self.objects:
            raise ObjectStoreError("NoSuchKey", "")
        return self.objects[bucket, key]

    def close(self) -> None:
        self.state = State.REFUSES

    async def _answer(self) -> None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.state is State.REFUSES:
            raise ObjectStoreError("EndpointConnectionError", "")
        if self.state is State.SILENT:
            await asyncio.Event().wait()


def database(servers: Iterable[MemoryServer], clock: Clock) -> Database:
    """Over those servers, the nearest first."""
    every = {server.site: server for server in servers}
    return Database(
        reading={site: Connections(server.connect) for site, server in every.items()},
        writing={site: Connections(server.connect) for site, server in every.items()},
        clock=clock,
    )


def stores(zones: dict[str, dict[str, MemoryZone]], clock: Clock) -> Stores:
    """Of each site, its zones in the order of reading."""
    return Stores(
        {site: Copies(submissions=f"submissions-{site}", zones=own) for site, own in zones.items()},
        clock,
    )
