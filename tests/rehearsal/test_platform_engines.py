"""A platform process asks the nearest, goes elsewhere in time, and comes back; nothing hangs."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Coroutine
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from rehearsal.data.engines_of import engines
from rehearsal.data.errors import DataError
from rehearsal.data.ring import Ring, plan_ring
from rehearsal.database.client import DatabaseAccess
from rehearsal.objects.access import ObjectAccess
from rehearsal.platform import database as database_module
from rehearsal.platform import stores as stores_module
from rehearsal.platform.connections import AT_ONCE
from rehearsal.platform.database import Database
from rehearsal.platform.engines import Engines, SiteObjects
from rehearsal.platform.nearness import AGAIN_SECONDS
from rehearsal.platform.storage import StorageError
from rehearsal.platform.store_shelf import StoreShelf
from rehearsal.platform.stores import StoredObject, Stores
from tests import worlds
from tests.rehearsal.engines_world import (
    Clock,
    MemoryServer,
    MemoryZone,
    State,
    database,
    stores,
)

TRY = 0.05
INSERT = "INSERT"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (database_module, stores_module):
        monkeypatch.setattr(module, "TRY_SECONDS", TRY)
        monkeypatch.setattr(module, "GIVE_UP_SECONDS", 4 * TRY)


class World:
    """Three servers of which `main` leads, and the database as somebody at xuzhou has it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.xuzhou, self.suzhou = MemoryServer("xuzhou"), MemoryServer("suzhou")
        self.main = MemoryServer("main", leads=True)
        self.database: Database = database((self.xuzhou, self.main, self.suzhou), self.clock)

    async def read(self) -> str:
        (row,) = await self.database.read("SELECT")
        return str(row["site"])

    async def write(self) -> str:
        (row,) = await self.database.write(INSERT)
        return str(row["site"])

    def promote(self, server: MemoryServer) -> None:
        for one in (self.xuzhou, self.main, self.suzhou):
            one.leads = one is server


def run(act: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        world = World()
        try:
            await act(world)
        finally:
            await world.database.close()

    asyncio.run(asyncio.wait_for(whole(), 10))


def test_rows_are_read_near_and_elsewhere_only_while_the_near_one_is_gone() -> None:
    async def act(world: World) -> None:
        assert await world.read() == "xuzhou"
        assert world.main.asked == 0
        world.xuzhou.die()
        assert await world.read() == "main"
        world.main.die()
        assert await world.read() == "suzhou"
        world.xuzhou.state = State.WELL
        assert await world.read() == "suzhou"  # not asked again at once
        world.clock.now += AGAIN_SECONDS
        assert await world.read() == "xuzhou"

    run(act)


def test_a_silent_server_delays_nobody_twice() -> None:
    async def act(world: World) -> None:
        await asyncio.gather(*(world.read() for _ in range(AT_ONCE)))
        world.xuzhou.state = State.SILENT
        began = time.monotonic()
        found = await asyncio.gather(*(world.read() for _ in range(5 * AT_ONCE)))
        assert set(found) == {"main"}
        assert TRY <= time.monotonic() - began < 2 * TRY
        asked = world.xuzhou.asked
        assert await world.read() == "main"
        assert world.xuzhou.asked == asked
        world.clock.now += AGAIN_SECONDS
        assert set(await asyncio.gather(*(world.read() for _ in range(20)))) == {"main"}
        assert world.xuzhou.asked == asked + 1

    run(act)


@pytest.mark.parametrize("state", [State.REFUSES, State.SILENT])
def test_when_nobody_answers_that_is_said_in_time(state: State) -> None:
    async def act(world: World) -> None:
        for server in (world.xuzhou, world.main, world.suzhou):
            server.state = state
        began = time.monotonic()
        for ask in (world.read, world.write):
            with pytest.raises(StorageError):
                await ask()
        assert time.monotonic() - began < 10 * TRY

    run(act)


def test_no_connection_is_lost_however_a_statement_ends() -> None:
    async def act(world: World) -> None:
        for _ in range(AT_ONCE + 1):
            with pytest.raises(StorageError):
                await world.database.write("broken")
            reading = asyncio.create_task(world.read())
            await asyncio.sleep(0)
            reading.cancel()
            world.main.state = State.SILENT
            with pytest.raises(StorageError):
                await world.write()
            assert world.main.kept == 0  # what got no answer is never used again
            world.main.state = State.WELL
            world.clock.now += AGAIN_SECONDS
        assert set(await asyncio.gather(*(world.write() for _ in range(3 * AT_ONCE)))) == {"main"}
        assert world.main.kept <= AT_ONCE + 1  # one reads

    run(act)


def test_an_error_of_a_statement_costs_no_connection_and_no_server() -> None:
    async def act(world: World) -> None:
        for _ in range(10):
            with pytest.raises(StorageError, match="no such table"):
                await world.database.write("broken")
            assert await world.database.read("SELECT", "a\0b") == ()
            assert await world.read() == "xuzhou"
        assert len(world.xuzhou.connections) <= 2  # to read, and to ask who leads
        assert await world.write() == "main"

    run(act)


def test_whoever_is_promoted_takes_the_next_write() -> None:
    async def act(world: World) -> None:
        assert await world.write() == "main"
        world.main.die()
        with pytest.raises(StorageError, match="takes writes"):
            await world.write()
        world.promote(world.xuzhou)
        world.clock.now += 1
        assert await world.write() == "xuzhou"
        world.main.state = State.WELL  # it follows now
        world.promote(world.main)
        assert await world.write() == "main"  # xuzhou refuses, for it follows

    run(act)


def test_a_write_goes_to_the_promoted_at_once_when_nobody_wrote_meanwhile() -> None:
    async def act(world: World) -> None:
        assert await world.write() == "main"
        world.main.die()
        world.promote(world.suzhou)
        assert await world.write() == "suzhou"

    run(act)


def test_a_write_that_may_have_been_done_is_neither_acknowledged_nor_sent_again() -> None:
    async def act(world: World) -> None:
        await world.write()
        world.main.answers_lost = 1
        with pytest.raises(StorageError):
            await world.write()
        assert len(world.main.committed) == 2

    run(act)


def test_while_nobody_leads_one_search_serves_all_who_wait() -> None:
    async def act(world: World) -> None:
        world.main.leads = False
        found = await asyncio.gather(*(world.write() for _ in range(50)), return_exceptions=True)
        assert all(isinstance(one, StorageError) for one in found)
        assert world.main.asked == 2  # to connect, and who leads
        with pytest.raises(StorageError):
            await world.write()
        assert world.main.asked == 2
        world.clock.now += 1
        with pytest.raises(StorageError):
            await world.write()
        assert world.main.asked == 3

    run(act)


class Shop:
    """Two sites' objects as somebody at xuzhou has them; main's have a copy there."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.main, self.copy, self.own = MemoryZone(), MemoryZone(), MemoryZone()
        zones = {"xuzhou": {"xuzhou": self.own}, "main": {"xuzhou": self.copy, "main": self.main}}
        self.stores: Stores = stores(zones, self.clock)

    def hold(self, body: bytes, *zones: MemoryZone) -> StoredObject:
        for zone in zones:
            zone.objects["b", "k"] = body
        return StoredObject(site="main", bucket="b", key="k", sha256=sha256(b"right").hexdigest())


def test_what_is_handed_in_goes_into_the_next_sites_own_bucket_when_the_near_one_is_gone() -> None:
    async def act(state: State) -> None:
        shop = Shop()
        assert (await shop.stores.put("k", b"x")).bucket == "submissions-xuzhou"
        shop.own.state = state
        stored = await shop.stores.put("k2", b"y")
        assert (stored.site, stored.bucket) == ("main", "submissions-main")
        assert shop.main.objects["submissions-main", "k2"] == b"y"
        assert stored.sha256 == sha256(b"y").hexdigest()
        shop.own.state = State.WELL
        shop.clock.now += AGAIN_SECONDS
        assert (await shop.stores.put("k3", b"z")).bucket == "submissions-xuzhou"
        shop.own.state = shop.main.state = state
        with pytest.raises(StorageError):
            await shop.stores.put("k4", b"z")

    for state in (State.REFUSES, State.SILENT):
        asyncio.run(asyncio.wait_for(act(state), 5))


def test_bytes_come_from_the_nearest_copy_that_has_them_right() -> None:
    async def act() -> None:
        shop = Shop()
        stored = shop.hold(b"right", shop.copy, shop.main)
        assert await shop.stores.get(stored) == b"right"
        assert (shop.copy.asked, shop.main.asked) == (1, 0)
        shop.hold(b"wrong", shop.copy)
        assert await shop.stores.get(stored) == b"right"
        shop.copy.objects.clear()
        assert await shop.stores.get(stored) == b"right"
        assert await shop.stores.get(stored) == b"right"
        assert shop.copy.asked == 4  # not to have it is no failure
        shop.copy.state = State.SILENT
        assert await shop.stores.get(stored) == b"right"
        shop.hold(b"wrong", shop.main)
        with pytest.raises(StorageError, match="main: wrong bytes"):
            await shop.stores.get(stored)
        elsewhere = StoredObject(site="nantong", bucket="b", key="k", sha256="")
        with pytest.raises(StorageError, match="nantong"):
            await shop.stores.get(elsewhere)

    asyncio.run(asyncio.wait_for(act(), 5))


def test_a_resource_is_looked_up_once_and_read_from_the_nearest_right_copy() -> None:
    async def act() -> None:
        shop, clock = Shop(), Clock()
        stored = shop.hold(b"right", shop.copy, shop.main)
        server = MemoryServer("xuzhou")
        server.catalogue["7"] = dataclasses.asdict(stored)
        shelf = StoreShelf(database([server], clock), shop.stores)
        assert shelf.find(7) is None
        assert await shelf.fetch(8) is None
        for body in (b"right", b"wrong"):
            shop.hold(body, shop.copy)
            found = await shelf.fetch(7)
            assert found is not None
            assert found.response.body == b"right"
            assert found.etag == f'"{stored.sha256}"'
        server.die()
        assert await shelf.fetch(7) is not None
        shop.hold(b"wrong", shop.main)
        with pytest.raises(StorageError, match="wrong bytes"):
            await shelf.fetch(7)

    asyncio.run(asyncio.wait_for(act(), 5))


@pytest.fixture(name="ring", scope="module")
def _ring() -> Ring:
    return plan_ring(worlds.province())


def seen_from(ring: Ring, near: str) -> Engines:
    return engines(ring, near, _database, _zone)


def _database(site: str) -> DatabaseAccess:
    password, ca_file = Path("password"), Path("ca")
    return DatabaseAccess(host=site, port=5432, user="u", password_file=password, ca_file=ca_file)


def _zone(name: str) -> ObjectAccess:
    key, ca_file = Path("key"), Path("ca")
    return ObjectAccess(
        endpoint=name, ca_file=ca_file, access_key="a", secret_key_file=key, zonegroup=name
    )


@pytest.mark.parametrize(
    ("near", "databases", "of_main"),
    [
        ("main", ["main", "xuzhou", "suzhou"], ["main", "xuzhou"]),
        ("xuzhou", ["xuzhou", "main", "suzhou"], ["xuzhou", "main"]),
        ("suzhou", ["suzhou", "main", "xuzhou"], ["main", "xuzhou"]),
        ("nantong", ["main", "xuzhou", "suzhou"], ["main", "xuzhou"]),
    ],
)
def test_engines_are_sorted_by_nearness(
    ring: Ring, near: str, databases: list[str], of_main: list[str]
) -> None:
    found = seen_from(ring, near)
    assert [one.site for one in found.databases] == databases
    stores_of = {one.site: one for one in found.stores}
    assert [one.site for one in found.stores] == databases  # here all sites hold both
    assert [zone.site for zone in stores_of["main"].zones] == of_main
    for site, objects in stores_of.items():
        assert (objects.submissions, objects.resources) == (
            f"submissions-{site}",
            f"resources-{site}",
        )
        assert objects.own.access.endpoint == ring.zones(site)[0].name


def test_engines_come_back_from_their_file_as_they_were(ring: Ring) -> None:
    found = seen_from(ring, "xuzhou")
    assert Engines.model_validate_json(found.model_dump_json()) == found


def test_a_store_that_takes_no_writes_is_none(ring: Ring) -> None:
    other = next(one for one in seen_from(ring, "main").stores if one.site == "main")
    with pytest.raises(ValueError, match="suzhou has no zone that takes its writes"):
        SiteObjects(site="suzhou", submissions="s", resources="r", zones=other.zones)


def test_a_province_that_keeps_no_submissions_as_objects_has_no_such_platform(ring: Ring) -> None:
    kept = {site: (f"resources-{site}",) for site in ring.sites}
    without = Ring(
        sites=ring.sites,
        objects=ring.objects,
        databases=ring.databases,
        buckets=kept,
        versioned=frozenset(),
    )
    with pytest.raises(DataError, match="no submissions"):
        seen_from(without, "main")
