"""Teaching resources, physically spread and logically one: stored anywhere, found from everywhere.

Whoever stores a resource puts it into the own site's store and, once its copy has it too, its row
into the one catalogue in the base database. Whoever asks for it reads the catalogue at the own
site, and the nearest copy.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from evidence.drills import ResourceRecord
from rehearsal.data.content import OBJECT_BYTES, content, sha256
from rehearsal.data.doors import WorldDoors
from rehearsal.data.people import SeenError
from rehearsal.data.ring import Ring
from rehearsal.database.client import DatabaseAccess, session
from rehearsal.database.errors import DatabaseError

FOUND_SECONDS_MAX = 30.0
SPREAD_SECONDS_MAX = 10.0
"""A copy that stays away for so long keeps no resource out of the catalogue."""
_LOOK_SECONDS = 0.05
_STORE = """
INSERT INTO catalogue (resource, site, bucket, key, bytes, sha256) VALUES ($1, $2, $3, $4, $5, $6)
"""
_FIND = "SELECT site, bucket, key, sha256 FROM catalogue WHERE resource = $1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """A row of the catalogue."""

    name: str
    site: str
    bucket: str
    key: str
    sha256: str


class Catalogue:
    """The catalogue and the copies. `databases` are those that stand, by site."""

    def __init__(
        self, ring: Ring, doors: WorldDoors, databases: Mapping[str, DatabaseAccess]
    ) -> None:
        self._ring = ring
        self._doors = doors
        self._databases = databases

    async def store(self, site: str, name: str) -> Resource:
        """A new resource of that site's. Raises SeenError, DatabaseError."""
        bucket, key = self._ring.buckets[site][0], f"catalogue/{name}"
        body = content(name, OBJECT_BYTES)
        resource = Resource(name=name, site=site, bucket=bucket, key=key, sha256=sha256(body))
        await self._doors.store(site).put(bucket, key, body)
        await self._spread(resource)
        async with session(self._databases[self._doors.primary()]) as connection:
            await connection.execute(_STORE, name, site, bucket, key, len(body), resource.sha256)
        return resource

    async def ask(self, stored: Resource, site: str) -> ResourceRecord:
        """Finds and reads it as somebody at that site does, in `FOUND_SECONDS_MAX` at most."""
        began = time.monotonic()
        found, read_from, digest = None, None, None
        while time.monotonic() - began < FOUND_SECONDS_MAX:
            found = found or await self._find(stored.name, site)
            if found is not None:
                read_from, digest = await self.read(found, site)
            if digest is not None:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        return ResourceRecord(
            resource=stored.name,
            stored_at=stored.site,
            asked_at=site,
            nearest=self.nearest(stored.site, site)[0],
            is_found=found is not None,
            read_from=read_from,
            sha256_stored=stored.sha256,
            sha256_read=digest,
            seconds=time.monotonic() - began,
        )

    async def read(self, found: Resource, site: str) -> tuple[str | None, str | None]:
        """Where it was read and its hash; the next copy is asked where one has it not, or wrong."""
        stores = dict(self._doors.copies(found.site))
        for nearest in self.nearest(found.site, site):
            try:
                body = await stores[nearest].get(found.bucket, found.key)
            except SeenError:
                continue
            if sha256(body) == found.sha256:
                return nearest, found.sha256
        return None, None

    async def _spread(self, resource: Resource) -> None:
        """Waits until its copies have it: who finds it in the catalogue finds the nearest one."""
        until = time.monotonic() + SPREAD_SECONDS_MAX
        missing = dict(self._doors.copies(resource.site))
        while missing and time.monotonic() < until:
            for site, store in tuple(missing.items()):
                with suppress(SeenError):
                    await store.get(resource.bucket, resource.key)
                    del missing[site]
            await asyncio.sleep(_LOOK_SECONDS)

    def nearest(self, stored_at: str, site: str) -> list[str]:
        """The sites that have that site's objects: one's own, then theirs, then its partner's."""
        sites = [zone.site for zone in self._ring.zones(stored_at)]
        return sorted(sites, key=lambda one: one != site)

    async def _find(self, name: str, site: str) -> Resource | None:
        access = self._databases.get(site) or self._databases[self._doors.primary()]
        try:
            async with session(access) as connection:
                row = await connection.fetchrow(_FIND, name)
        except DatabaseError:
            return None
        if row is None:
            return None
        return Resource(
            name=name,
            site=row["site"],
            bucket=row["bucket"],
            key=row["key"],
            sha256=row["sha256"],
        )


async def try_resources(
    ring: Ring,
    catalogue: Catalogue,
    turn: str,
    tell: Callable[[str], None],
) -> tuple[ResourceRecord, ...]:
    """Stores one at each site, and asks for it at every one."""
    records = []
    for site in ring.sites:
        tell(f"a resource of {site}")
        stored = await catalogue.store(site, f"{turn}-{site}")
        records += [await catalogue.ask(stored, asking) for asking in ring.sites]
    return tuple(records)
