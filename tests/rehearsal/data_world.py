"""A data world in memory: stores and a database that lose, change and delay on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from province.holdings import Engine
from rehearsal.data.accounts import Holdings, Piece
from rehearsal.data.content import sha256
from rehearsal.data.ledger import Acknowledged, Entries, Failed, Happened, Read
from rehearsal.data.people import SeenError


def acknowledged(
    sequence: int,
    *,
    site: str = "main",
    engine: Engine = Engine.OBJECTS,
    at: float = 0.0,
    answered_by: str = "main",
) -> Acknowledged:
    return Acknowledged(
        engine=engine,
        site=site,
        place="bucket",
        key=f"{site}/{sequence}",
        sequence=sequence,
        sha256=sha256(f"{site}/{sequence}".encode()),
        sent_at=at - 0.1,
        at=at,
        answered_by=answered_by,
    )


def read(at: float, *, site: str = "main", answered_by: str = "main") -> Read:
    return Read(
        engine=Engine.OBJECTS,
        site=site,
        key="x",
        sent_at=at - 0.1,
        at=at,
        answered_by=answered_by,
    )


def failed(at: float, *, engine: Engine, does: str, site: str = "main") -> Failed:
    return Failed.model_validate(
        {
            "engine": engine,
            "site": site,
            "does": does,
            "key": "x",
            "sent_at": at - 0.1,
            "at": at,
            "error": "ConnectionError",
        }
    )


def happened(what: str, *sites: str, at: float) -> Happened:
    return Happened(what=what, sites=sites, at=at)


def entries(*lines: Acknowledged | Read | Failed | Happened) -> Entries:
    return Entries(lines)


def pieces(*writes: Acknowledged, site: str = "xuzhou") -> Holdings:
    """A place that has those writes as they were sent."""
    found = (Piece(place=one.place, key=one.key, sha256=one.sha256) for one in writes)
    return Holdings(site=site, pieces=tuple(found))


class MemoryPlace:
    """A place that shows each of some holdings in turn, and the last one for ever."""

    def __init__(self, site: str, *shown: Holdings) -> None:
        self.site = site
        self.looks = 0
        self._shown = shown

    async def look(self, names: Collection[tuple[str, str]]) -> Holdings:
        del names
        self.looks += 1
        return self._shown[min(self.looks, len(self._shown)) - 1]


class MemoryStore:
    """A zone's objects. While it is `down` nothing is answered."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.down = False

    async def put(self, bucket: str, key: str, body: bytes) -> None:
        await asyncio.sleep(0)
        self._require_up()
        self.objects[bucket, key] = body

    async def get(self, bucket: str, key: str) -> bytes:
        await asyncio.sleep(0)
        self._require_up()
        if (bucket, key) not in self.objects:
            raise SeenError("NoSuchKey")
        return self.objects[bucket, key]

    def _require_up(self) -> None:
        if self.down:
            raise SeenError("EndpointConnectionError")


class MemoryRows:
    """A table. The first `lost_answers` commits are made, but their answers get lost."""

    def __init__(self, lost_answers: int = 0) -> None:
        self.rows: dict[tuple[str, int], bytes] = {}
        self.lost_answers = lost_answers
        self.closed = 0

    async def insert(self, writer: str, sequence: int, site: str, body: bytes) -> None:
        del site
        await asyncio.sleep(0)
        self.rows[writer, sequence] = body
        if self.lost_answers:
            self.lost_answers -= 1
            raise SeenError("TimeoutError")

    async def close(self) -> None:
        self.closed += 1


class MemoryDoors:
    """A site `main` whose objects are at `xuzhou` too, and a database led by `leader`."""

    def __init__(self) -> None:
        self.main, self.copy = MemoryStore(), MemoryStore()
        self.copy.objects = self.main.objects
        self.leader = "main"
        self.tables = {"main": MemoryRows(), "xuzhou": MemoryRows()}

    def store(self, site: str) -> MemoryStore:
        del site
        return self.main

    def copies(self, site: str) -> Sequence[tuple[str, MemoryStore]]:
        del site
        return (("main", self.main), ("xuzhou", self.copy))

    def primary(self) -> str:
        return self.leader

    def rows(self, site: str) -> MemoryRows:
        return self.tables[site]
