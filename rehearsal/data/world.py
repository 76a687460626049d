"""The data world: object stores and databases at a few sites, and everything that befalls them.

What is done to the world is noted in the ledger at the moment before it is done, so that whoever
accounts for the writes knows what befell them.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from infra.plan.object_store import ZonePlan
from infra.plan.stateful import BucketPlan
from processes.files import write_private
from processes.supervisor import Supervisor
from province.holdings import Engine
from province.province import Province
from rehearsal.data.beneath import Beneath
from rehearsal.data.doors import WorldDoors
from rehearsal.data.engines_of import engines
from rehearsal.data.errors import DataError, RefusedError
from rehearsal.data.figures import BOOT, KILL
from rehearsal.data.front import Front, FrontOrder
from rehearsal.data.ledger import Happened, Ledger
from rehearsal.data.mistakes import Purge, delete_all, delete_bucket, overwrite_all, purge
from rehearsal.data.ring import LOOPBACK, Ring
from rehearsal.data.scrub import rotten
from rehearsal.database.client import DatabaseAccess
from rehearsal.database.databases import Databases
from rehearsal.database.errors import DatabaseError
from rehearsal.database.people import fill
from rehearsal.links.errors import LinksError
from rehearsal.links.links import Links
from rehearsal.links.wiring import Wiring
from rehearsal.objects.access import ObjectAccess
from rehearsal.objects.stores import ObjectStores
from rehearsal.pki import Authority
from rehearsal.place import Place

PEOPLE = 2_000
"""Concurrent users whose people, schools and marks are in the database; how many bytes a restore
moves is not what a drill is about."""
SECRET_BYTES = 32
DELETE = "delete"
OVERWRITE = "overwrite"
EMPTY = "empty"
"""The place at which nothing is, until something is restored there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorldOrder:
    """What the world is made of. `wiring` is None where all sites share the machine's network.

    It has one end more than the ring has sites: `EMPTY`, the last. With `users`, so many can be at
    work at once on edges and platform of its own (`front`).
    """

    folder: Path
    province: Province
    ring: Ring
    programs: Mapping[str, Path]
    wiring: Wiring | None
    loopback: IPv4Network = LOOPBACK
    users: int = 0


class DataWorld:
    """Stands between `start` and `stop`. One change at a time; people go on meanwhile."""

    def __init__(self, order: WorldOrder, supervisor: Supervisor) -> None:
        self.ring = order.ring
        self._order = order
        self._folder = order.folder.absolute()
        for part in ("objects", "database", "front", "ledgers"):  # of an earlier world
            shutil.rmtree(self._folder / part, ignore_errors=True)
        self._change = asyncio.Lock()
        self._ledger: Ledger | None = None
        self._down: dict[Engine, set[str]] = {engine: set() for engine in Engine}
        self._doorless: set[str] = set()
        self._faceless: set[str] = set()
        self.front: Front | None = None
        self._ends = AsyncExitStack()
        self._links = (
            Links(self._folder / "links", supervisor, order.wiring) if order.wiring else None
        )
        *places, self.empty_place = self._links.places if self._links else _loopback_places(order)
        self._places = {place.site: place for place in places}
        self._supervisor = supervisor
        self._authority = authority = Authority.create(self._folder / "pki", "Suyun data world")
        self.stores = ObjectStores(
            self._folder / "objects",
            supervisor,
            order.ring.objects,
            places,
            authority,
            order.programs,
            buckets={name: site for site, names in order.ring.buckets.items() for name in names},
        )
        self.databases = Databases(
            self._folder / "database",
            supervisor,
            order.ring.databases,
            places,
            authority,
            order.programs,
            self._archives(),
        )
        self.doors = WorldDoors(
            order.ring, self.stores.access, self.databases.access, lambda: self.databases.primary
        )

    @property
    def ledgers(self) -> Path:
        """Where the ledgers lie."""
        return self._folder / "ledgers"

    @property
    def ca_file(self) -> Path:
        """The authority of all its servers' certificates."""
        return self._authority.ca_file

    @property
    def secret_file(self) -> Path:
        """The secret of all people's passwords."""
        return self._folder / "accounts.key"

    @property
    def down(self) -> Mapping[Engine, set[str]]:
        """The sites at which an engine has been killed and not been booted again."""
        return self._down

    @property
    def cuts(self) -> tuple[tuple[str, str], ...]:
        """The links that are cut."""
        return self._links.cuts if self._links else ()

    async def start(self, tell: Callable[[str], None]) -> None:
        """Everything, in order; `tell` is told what is begun. What fails ends what stands."""
        try:
            await self._start(tell)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends everything, the last first. What lies on disk stays."""
        self.doors.close()
        await self._ends.aclose()

    def begin_ledger(self) -> Ledger:
        """A new ledger, in which what befalls the world is noted from now on."""
        if self._ledger is not None:
            self._ledger.close()
        self._ledger = Ledger.next(self.ledgers)
        return self._ledger

    def empty_folder(self) -> Path:
        """A folder that nobody has restored into yet."""
        return self._folder / f"restored-{time.time_ns()}"

    async def kill(self, site: str, engine: Engine | None) -> None:
        """SIGKILL to everything at the site, or to all of that engine there."""
        self.ring.require(site)
        engines = [one for one in Engine if engine in {None, one}]
        async with self._change:
            self._note(KILL if engine is None else f"{KILL} {engine}", site)
            ends = [self._kill_engine(site, one) for one in engines]
            await asyncio.gather(*ends, *([] if engine else [self._kill_front(site)]))

    async def boot(self, site: str, engine: Engine | None) -> None:
        """Brings back what stood there. Raises RefusedError where two would lead the database.

        Whatever else stood there is back by then.
        """
        self.ring.require(site)
        async with self._change:
            self._note(BOOT, site)
            if self.front is not None and site in self._faceless and engine is None:
                await self.front.boot(site)
                self._faceless.discard(site)
            if site in self._down[Engine.OBJECTS] and engine in {None, Engine.OBJECTS}:
                await self._boot_objects(site)
            if site in self._down[Engine.DATABASE] and engine in {None, Engine.DATABASE}:
                await _refusing(self.databases.boot(site))
                self._down[Engine.DATABASE].discard(site)

    async def received(self) -> int:
        """Requests that users have made of the platform's standing processes so far."""
        return await self.front.received() if self.front else 0

    async def stop_gateways(self, site: str) -> None:
        """SIGKILL to the site's object gateways; its disks' servers stand."""
        self.ring.require(site)
        async with self._change:
            self._note(f"{KILL} {Engine.OBJECTS}", site)
            await self.stores.kill_gateways(site)
            self._down[Engine.OBJECTS].add(site)
            self._doorless.add(site)

    async def start_gateways(self, site: str) -> None:
        """The gateways again. Raises DataError where more than they is down."""
        self.ring.require(site)
        if site not in self._doorless:
            raise DataError(f"the gateways of {site} alone are not down", f"boot {site}")
        async with self._change:
            self._note(BOOT, site)
            await self._boot_objects(site)

    async def cut(self, first: str, second: str) -> None:
        """Nothing arrives over that link any more. Raises LinksError."""
        async with self._change:
            self._require_links().wiring.require(first, second)
            self._note("cut", first, second)
            await self._require_links().cut(first, second)

    async def heal(self, first: str, second: str) -> None:
        """The link works again. Raises LinksError."""
        async with self._change:
            await self._require_links().heal(first, second)
            self._note("heal", first, second)

    async def promote(self, site: str) -> None:
        """The site's database takes writes from now on. Raises RefusedError with the reason."""
        self.ring.require(site)
        async with self._change:
            await _refusing(self.databases.promote(site))
            self._note("promote", site)

    async def rejoin(self, site: str) -> None:
        """The site's database follows whoever leads now."""
        self.ring.require(site)
        async with self._change:
            await _refusing(self.databases.rejoin(site))
            self._down[Engine.DATABASE].discard(site)
            self._note("rejoin", site)

    async def delete(self, site: str) -> int:
        """Deletes every object of the site's buckets. Returns how many objects that were."""
        return await self._mistake(DELETE, site, delete_all)

    async def delete_buckets(self, site: str) -> int:
        """Deletes those buckets themselves, where the store lets us. Returns how many."""
        self.ring.require(site)
        async with self._change:
            access = self.stores.access(self.ring.zones(site)[0].name)
            return sum([await delete_bucket(access, bucket) for bucket in self.ring.buckets[site]])

    async def overwrite(self, site: str) -> int:
        """Overwrites every object of the site's buckets. Returns how many that were."""
        return await self._mistake(OVERWRITE, site, overwrite_all)

    async def purge(self, site: str) -> tuple[Purge, ...]:
        """Tries to remove every version of the site's objects for good, there and at its copies."""
        self.ring.require(site)
        async with self._change:
            self._note("purge", site)
            zones = [self.stores.access(zone.name) for zone in self.ring.zones(site)]
            buckets = self.ring.buckets[site]
            return tuple([await purge(zone, bucket) for zone in zones for bucket in buckets])

    async def purge_archive(self, site: str) -> tuple[Purge, ...]:
        """The same of that site's database's archive: as the platform, and as the archive's own."""
        self.ring.require(site)
        archive = self.ring.archives.get(site)
        if archive is None:
            return ()
        async with self._change:
            zones = [zone.name for zone in self.ring.zones(archive.kept_at)]
            objects, access = self.ring.objects, self.stores.access
            thieves = (objects.platform_user, objects.archive_user)
            return tuple(
                [
                    await purge(access(zone, thief), archive.bucket, access(zone, thieves[-1]))
                    for zone in zones
                    for thief in thieves
                ]
            )

    def has_back(self, holding: str, site: str) -> None:
        """Notes that people have that class of the site's data again."""
        self._note(f"put back {holding}", site)

    async def fill(self, site: str) -> None:
        """The disk under the site's object store is full."""
        async with self._change:
            await self._beneath(site).fill()
            self._note("fill", site)

    async def free(self, site: str) -> None:
        """It has room again."""
        async with self._change:
            self._note("free", site)
            await self._beneath(site).free()

    async def corrupt(self, site: str, keys: Sequence[str]) -> int:
        """Changes the bytes of those objects in the site's copies of others'. Returns how many."""
        async with self._change:
            self._note("corrupt", site)
            zones = self._copies_at(site)
            return sum([await self._beneath(site).corrupt(zone, keys) for zone in zones])

    def copied_to(self, site: str) -> tuple[str, ...]:
        """The sites whose objects that one has copies of. Raises DataError."""
        return tuple(zone.zonegroup for zone in self._copies_at(site))

    async def repair(self, site: str) -> int:
        """Finds what is rotten in the site's copies, and mends it. Returns how many objects."""
        async with self._change:
            mended = 0
            for zone in self._copies_at(site):
                own = self.ring.zones(zone.zonegroup)[0]
                copy, other = self.stores.access(zone.name), self.stores.access(own.name)
                found = await rotten(copy, other, self.ring.buckets[zone.zonegroup])
                for key, body in found.items():
                    await self._beneath(site).mend(zone, key, body)
                mended += len(found)
            self._note("repair", site)
            return mended

    async def sabotage(self, site: str) -> None:
        """What is written at the site is copied nowhere any more, and nothing looks broken."""
        copies = self._copies_of(site)
        async with self._change:
            self._note("sabotage", site)
            await asyncio.gather(*(self.stores.stop_following(zone.name) for zone in copies))
            if site == self.databases.primary:
                await self.databases.stop_copying()

    async def undo_sabotage(self, site: str) -> None:
        """It is copied again, and what was not is caught up with."""
        copies = self._copies_of(site)
        async with self._change:
            await asyncio.gather(*(self.stores.follow_again(zone.name) for zone in copies))
            if site == self.databases.primary:
                await self.databases.copy_again()
            self._note("undo sabotage", site)

    async def standing_databases(self) -> dict[str, DatabaseAccess]:
        """How to read each database that answers."""
        found = await self.databases.standings()
        return {one.site: self.databases.access(one.site) for one in found}

    async def _start(self, tell: Callable[[str], None]) -> None:
        if self._links is not None:
            tell("wiring the sites")
            await self._links.start()
            self._ends.push_async_callback(self._links.stop)
        tell("starting the object stores")
        self._ends.push_async_callback(self.stores.stop)
        await self.stores.start()
        tell("making the archives")
        await asyncio.gather(*map(self._make_archive, self.ring.archives.values()))
        tell("starting the databases")
        self._ends.push_async_callback(self.databases.stop)
        await self.databases.start()
        users = self._order.users or PEOPLE
        tell(f"filling the database with the people of {users:,} users")
        access = self.databases.access(self.databases.primary)
        write_private(self.secret_file, secrets.token_bytes(SECRET_BYTES))
        await fill(access, self._order.province, users, self.secret_file.read_bytes())
        tell("backing the database up")
        await self.databases.back_up()
        tell("making the buckets")
        await asyncio.gather(*map(self._make_buckets, self.ring.sites))
        if self._order.users:
            tell(f"opening the platform to {self._order.users:,} users")
            await self._open_front()

    async def _open_front(self) -> None:
        self.front = Front(
            FrontOrder(
                folder=self._folder / "front",
                province=self._order.province,
                users=self._order.users,
                nginx=self._order.programs["nginx"],
                secret_file=self.secret_file,
            ),
            self.ring.sites,
            lambda near: engines(self.ring, near, self.databases.access, self.stores.access),
            self._supervisor,
            self._authority,
        )
        await self.front.start()

    async def _kill_front(self, site: str) -> None:
        if self.front is not None:
            await self.front.kill(site)
            self._faceless.add(site)

    async def _mistake(
        self, what: str, site: str, act: Callable[[ObjectAccess, str], Awaitable[int]]
    ) -> int:
        self.ring.require(site)
        async with self._change:
            self._note(what, site)
            access = self.stores.access(self.ring.zones(site)[0].name)
            return sum([await act(access, bucket) for bucket in self.ring.buckets[site]])

    def _beneath(self, site: str) -> Beneath:
        self.ring.require(site)
        return Beneath(self._folder / "objects" / site, self._places[site], self._supervisor)

    def _copies_at(self, site: str) -> tuple[ZonePlan, ...]:
        """The zones at the site that hold others' objects."""
        self.ring.require(site)
        return tuple(
            zone
            for other in self.ring.sites
            for zone in self.ring.zones(other)[1:]
            if zone.site == site
        )

    def _copies_of(self, site: str) -> tuple[ZonePlan, ...]:
        """The zones in which others hold that site's objects. Raises DataError for none."""
        self.ring.require(site)
        copies = self.ring.zones(site)[1:]
        if not copies:
            raise DataError(
                f"nobody in the data world has copies of {site}'s objects",
                f"name a site whose partner is in it: {self.ring.sites[0]}",
            )
        return copies

    def _archives(self) -> dict[str, ObjectAccess]:
        """How each site's WAL goes where it is kept."""
        user = self.ring.objects.archive_user
        return {
            site: self.stores.access(self.ring.zones(bucket.kept_at)[0].name, user)
            for site, bucket in self.ring.archives.items()
        }

    async def _make_archive(self, bucket: BucketPlan) -> None:
        user = self.ring.objects.archive_user
        await self.stores.make_bucket(bucket.bucket, bucket.kept_at, user)
        await self.stores.keep_versions(bucket.bucket, bucket.kept_at, user)

    async def _make_buckets(self, site: str) -> None:
        for bucket in self.ring.buckets[site]:
            await self.doors.store(site).make_bucket(bucket)
            if any(bucket == f"{name}-{site}" for name in self.ring.versioned):
                await self.stores.keep_versions(bucket, site)

    async def _boot_objects(self, site: str) -> None:
        """All of it, or the gateways where only they are down."""
        if site in self._doorless:
            await self.stores.start_gateways(site)
        else:
            await self.stores.boot(site)
        self._doorless.discard(site)
        self._down[Engine.OBJECTS].discard(site)

    async def _kill_engine(self, site: str, engine: Engine) -> None:
        if engine is Engine.OBJECTS:
            await self.stores.kill(site)
            self._doorless.discard(site)
        elif site in self.ring.databases:
            await self.databases.kill(site)
        self._down[engine].add(site)

    def _require_links(self) -> Links:
        if self._links is None:
            raise LinksError(
                "this world has no links: all its sites are in the machine's own network",
                "./suyun data stop, then ./suyun data start as root, without --no-links",
            )
        return self._links

    def _note(self, what: str, *sites: str) -> None:
        if self._ledger is not None:
            self._ledger.note(Happened(what=what, sites=sites, at=time.time()))


async def _refusing(work: Awaitable[object]) -> None:
    try:
        await work
    except DatabaseError as error:
        raise RefusedError(error.cause, error.hint) from error


def _loopback_places(order: WorldOrder) -> tuple[Place, ...]:
    first = order.loopback.network_address
    return tuple(
        Place(site=site, address=str(first + 256 * (number + 1) + 1))
        for number, site in enumerate((*order.ring.sites, EMPTY))
    )
