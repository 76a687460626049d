"""Pairs of places that replicate, as probes see them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import asyncpg

from province.holdings import Engine
from rehearsal.data.content import OBJECT_BYTES, ROW_BYTES, content, sha256
from rehearsal.data.doors import WorldDoors
from rehearsal.data.people import PeopleRows, SeenError, connect_rows
from rehearsal.data.ring import Ring
from rehearsal.database.client import BROKEN, DatabaseAccess
from rehearsal.objects.client import seen

_FIND = "SELECT body FROM probes WHERE writer = $1 AND sequence = $2"


class ObjectPair:
    """A site's objects, and their copy at its partner."""

    engine = Engine.OBJECTS
    payload_bytes = OBJECT_BYTES

    def __init__(self, ring: Ring, doors: WorldDoors, site: str, turn: str) -> None:
        """`turn` sets these probes apart from all others."""
        own, copy = ring.zones(site)[:2]
        self.site, self.partner = site, copy.site
        self._from, self._to = doors.zone(own.name), doors.zone(copy.name)
        self._bucket = ring.buckets[site][0]
        self._turn = turn

    async def write(self, number: int) -> None:
        """Puts the probe's object."""
        await self._from.put(self._bucket, self._key(number), self._body(number))

    async def has(self, number: int) -> bool:
        """Whether the copy has it, with its own bytes."""
        try:
            body = await self._to.get(self._bucket, self._key(number))
        except SeenError as error:
            if error.cause == "NoSuchKey":
                return False
            raise
        return sha256(body) == sha256(self._body(number))

    async def close(self) -> None:
        """Its clients are the world's."""

    def _key(self, number: int) -> str:
        return f"probes/{self._turn}/{number:06d}"

    def _body(self, number: int) -> bytes:
        return content(f"{self._turn}/{self.site}/{number}", OBJECT_BYTES)


class RowPair:
    """The primary, and one of those that follow it."""

    engine = Engine.DATABASE
    payload_bytes = ROW_BYTES

    def __init__(
        self, site: str, partner: str, writes: PeopleRows, reads: DatabaseAccess, turn: str
    ) -> None:
        self.site, self.partner = site, partner
        self._writes = writes
        self._reads = reads
        self._writer = f"probe-{turn}-{partner}"
        self._connection: Any = None

    async def write(self, number: int) -> None:
        """Commits the probe's row."""
        await self._writes.insert(self._writer, number, self.site, self._body(number))

    async def has(self, number: int) -> bool:
        """Whether a reader there sees it, with its own bytes."""
        try:
            if self._connection is None:
                self._connection = await connect_rows(self._reads)
            body = await self._connection.fetchval(_FIND, self._writer, number)
        except BROKEN as error:
            raise SeenError(seen(error)) from error
        return body is not None and sha256(body) == sha256(self._body(number))

    async def close(self) -> None:
        """Lets both connections go."""
        await self._writes.close()
        if self._connection is not None:
            with suppress(OSError, asyncpg.InterfaceError):
                self._connection.terminate()

    def _body(self, number: int) -> bytes:
        return content(f"{self._writer}/{number}", ROW_BYTES)


def pairs(
    ring: Ring,
    doors: WorldDoors,
    access: dict[str, DatabaseAccess],
    turn: str,
) -> Iterator[ObjectPair | RowPair]:
    """Every pair that replicates. `access` is by site, of the databases that stand."""
    for site in ring.sites:
        if len(ring.zones(site)) > 1:
            yield ObjectPair(ring, doors, site, turn)
    primary = doors.primary()
    for partner, reads in access.items():
        if partner != primary:
            yield RowPair(primary, partner, doors.rows(primary), reads, turn)
