"""Three real servers: nothing acknowledged is lost, and nothing unsafe is done."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest

from infra.plan.site import plan_site
from infra.plan.stateful import DatabasePlan
from processes.supervisor import Supervisor
from rehearsal.database.client import DatabaseAccess, session
from rehearsal.database.databases import Databases
from rehearsal.database.errors import DatabaseError, SplitBrainError
from rehearsal.database.succession import How
from rehearsal.pki import Authority
from rehearsal.place import Place
from rehearsal.toolchain.pins import PINS, DebianTool
from rehearsal.toolchain.programs import find_program
from tests import worlds
from tests.rehearsal.fake_s3 import FakeS3

pytestmark = pytest.mark.live
SITES = ("main", "suzhou", "xuzhou")
EMIT_20_MB = "SELECT pg_logical_emit_message(false, '', repeat('x', 20000000))"
T = TypeVar("T")


def plan(site: str) -> DatabasePlan:
    data = plan_site(worlds.small(), site, "rehearsal").data
    assert data is not None
    assert data.database is not None
    return data.database


def postgres() -> Path:
    pin = PINS["postgres"]
    assert isinstance(pin, DebianTool)
    found = find_program(pin.name, pin.folder)
    if found is None:
        pytest.skip(f"PostgreSQL is not installed (Debian: apt-get install {pin.package})")
    return found


@dataclass
class World:
    folder: Path
    runner: asyncio.Runner
    supervisor: Supervisor
    authority: Authority
    store: FakeS3
    databases: Databases

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def write(self, *numbers: int) -> None:
        """A commit each, at whoever leads."""
        async with session(self.databases.access(self.databases.primary)) as connection:
            for number in numbers:
                await connection.execute(
                    "INSERT INTO probes (writer, sequence, site, body, sha256) "
                    "VALUES ('test', $1, 'main', '', repeat('0', 64))",
                    number,
                )

    async def numbers(self, access: DatabaseAccess) -> list[int]:
        """What is there, in order."""
        async with session(access) as connection:
            found = await connection.fetch("SELECT sequence FROM probes ORDER BY sequence")
        return [row["sequence"] for row in found]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with TemporaryDirectory() as name, asyncio.Runner() as runner:
        folder = Path(name)
        authority = Authority.create(folder / "pki", "test")
        places = [Place(site=s, address=f"127.82.{i}.1") for i, s in enumerate(SITES, start=1)]
        supervisor = Supervisor(folder / "owner")
        runner.run(supervisor.__aenter__())
        try:
            with FakeS3(folder=folder, authority=authority, address="127.82.9.1") as store:
                databases = Databases(
                    folder / "database",
                    supervisor,
                    {site: plan(site) for site in SITES},
                    places,
                    authority,
                    {"postgres": postgres()},
                    archive={"main": store},
                )
                runner.run(databases.start())
                yield World(folder, runner, supervisor, authority, store, databases)
                runner.run(databases.stop())
        finally:
            runner.run(supervisor.__aexit__(None, None, None))


def test_a_commit_at_main_is_seen_at_both_others_over_tls_alone(world: World) -> None:
    async def act() -> None:
        await world.write(1)
        lags = await world.databases.lags()
        assert {lag.site for lag in lags if lag.streams and lag.is_synchronous} == set(SITES[1:])
        assert all(lag.bytes_behind is not None for lag in lags)
        access = world.databases.access("main")
        async with session(access) as connection:
            said = await connection.fetchval(
                "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            )
            assert said == "TLSv1.3"
            assert await connection.fetchval("SHOW synchronous_commit") == "on"
            kept = await connection.fetchval("SHOW wal_keep_size")
        assert kept == "256MB"  # the one setting that is not the plan's
        other = world.databases.access("main", "suyun_reports")
        with pytest.raises(DatabaseError, match="refuses suyun_app"):
            async with session(replace(access, password_file=other.password_file)):
                pass

    world.run(act())


def test_the_database_refuses_to_be_promoted_while_the_primary_lives(world: World) -> None:
    with pytest.raises(DatabaseError, match="main may still take writes") as refused:
        world.run(world.databases.promote("xuzhou"))
    assert "fence main" in refused.value.hint
    assert world.databases.primary == "main"


def test_a_restore_has_every_row_and_needs_nothing_but_the_archive(world: World) -> None:
    async def act() -> None:
        backup = await world.databases.back_up()
        assert backup.site == "main"
        await world.write(2, 3)
        await world.databases.archive_now()
        await world.write(4)
        into = world.folder / "restored"
        place = Place(site="suzhou", address="127.82.2.9")
        restored = await world.databases.restore(into, place)
        try:
            assert await world.numbers(restored.access) == [1, 2, 3]
            assert restored.timeline > 1
        finally:
            await restored.stop()
        with pytest.raises(DatabaseError, match="is not empty"):
            await world.databases.restore(into, place)

    world.run(act())


def test_an_abrupt_loss_of_the_primary_loses_nothing_that_was_acknowledged(world: World) -> None:
    async def act() -> None:
        databases = world.databases
        writing = asyncio.create_task(keep_writing(world))
        await asyncio.sleep(0.5)
        await databases.kill("main")
        promotion = await databases.promote("xuzhou")
        acknowledged = await writing
        assert promotion.seconds < 30
        assert (promotion.term, promotion.timeline) == (2, 2)
        assert databases.primary == "xuzhou"
        kept = await world.numbers(databases.access("xuzhou"))
        assert set(acknowledged) <= set(kept)
        assert acknowledged
        await world.write(1_000_000)
        assert {lag.site for lag in await databases.lags() if lag.streams} == {"suzhou"}

    world.run(act())


def test_the_old_primary_is_not_let_in_again_but_as_a_follower(world: World) -> None:
    async def act() -> None:
        databases = world.databases
        with pytest.raises(SplitBrainError, match="led on timeline 1") as refused:
            await databases.boot("main")
        assert "rejoin main" in refused.value.hint
        rejoined = await databases.rejoin("main")
        assert rejoined.how is How.REWOUND
        await world.write(1_000_001)
        there = await world.numbers(databases.access("main"))
        assert there == await world.numbers(databases.access("xuzhou"))
        await databases.kill("suzhou")
        shutil.rmtree(world.folder / "database" / "suzhou" / "data")
        assert (await databases.rejoin("suzhou")).how is How.COPIED

    world.run(act())


def test_two_that_take_writes_are_seen_and_nothing_goes_on(world: World) -> None:
    async def act() -> None:
        databases = world.databases
        rogue = databases._holders.server("suzhou")
        async with session(rogue.access) as connection:
            await connection.fetchval("SELECT pg_promote(true, 10)")
        with pytest.raises(SplitBrainError, match="two take writes"):
            await databases.standings()
        with pytest.raises(SplitBrainError, match="two take writes"):
            await databases.promote("main")
        await databases.fence("suzhou")
        await databases.rejoin("suzhou")
        assert {one.site for one in await databases.standings() if one.leads} == {"xuzhou"}

    world.run(act())


def test_a_replica_that_is_too_far_behind_is_not_promoted(world: World) -> None:
    async def act() -> None:
        databases = world.databases
        for site in ("main", "suzhou"):
            await databases.kill(site)
        leader = databases._holders.leader
        async with session(leader.access) as connection:
            await connection.execute("SET synchronous_commit = local")
            await connection.execute(EMIT_20_MB)
        await asyncio.sleep(1.5)
        await databases.kill("xuzhou")
        with pytest.raises(DatabaseError, match="main does not answer"):
            await databases.promote("main")
        for site in ("main", "suzhou"):
            await databases.boot(site)
        with pytest.raises(DatabaseError, match="bytes behind where xuzhou was last seen"):
            await databases.promote("main")
        assert databases.primary == "xuzhou"
        await databases.boot("xuzhou")
        await world.write(1_000_002)

    world.run(act())


def test_all_come_back_from_what_lies_on_disk(world: World) -> None:
    async def act() -> None:
        await world.databases.stop()
        world.databases._clock = lambda: time.time() - 10
        with pytest.raises(DatabaseError, match=r"the clock of \w+ is off by \+10"):
            await world.databases.start()
        world.databases._clock = time.time
        await world.databases.start()
        assert world.databases.primary == "xuzhou"
        assert 1_000_002 in await world.numbers(world.databases.access("main"))

    world.run(act())


async def keep_writing(world: World) -> list[int]:
    """The numbers whose commits were acknowledged, until the server is gone."""
    acknowledged: list[int] = []
    with suppress(DatabaseError):
        async with session(world.databases.access("main"), 2) as connection:
            while True:
                number = 100 + len(acknowledged)
                await connection.execute(
                    "INSERT INTO probes (writer, sequence, site, body, sha256) "
                    "VALUES ('test', $1, 'main', '', repeat('0', 64))",
                    number,
                )
                acknowledged.append(number)
    return acknowledged
