"""The data world, real: a site is killed while people write, and every write is accounted for.

The platform works with both engines meanwhile, as somebody near the site that is lost.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, TypeVar

import pytest

from evidence.verdict import Verdict
from province.audience import Persona, password
from province.reader import read
from rehearsal.data import daemon
from rehearsal.data.orders import Action, Done, Order
from rehearsal.data.status import world_folder
from rehearsal.data.world import PEOPLE
from rehearsal.objects.client import s3
from rehearsal.platform.counters import PlatformCounters
from rehearsal.platform.database import Database
from rehearsal.platform.engines import Engines
from rehearsal.platform.postgres import PostgresStorage
from rehearsal.platform.roster import people
from rehearsal.platform.stock import BODIES_PER_SITE
from rehearsal.platform.storage import Person
from rehearsal.platform.store_shelf import StoreShelf
from rehearsal.platform.stores import StoredObject, Stores
from rehearsal.unix_http import Answer, ask
from release.workspace import Workspace
from tests.rehearsal.storage_word import first, keeps_its_word, submission
from tests.worlds import PROVINCE_FILE

HAS_LINKS = os.geteuid() == 0 and shutil.which("ip") is not None
_ELSEWHERE = 3
"""The platform's process for branches outside the world, which are near main."""
T = TypeVar("T")
pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(shutil.which, ("ceph-mon", "ceph-osd", "radosgw"))),
        reason="needs the packages ceph-mon, ceph-osd and radosgw",
    ),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    state = tmp_path_factory.mktemp("d")
    order = daemon.StartOrder(
        state=state,
        province_file=PROVINCE_FILE,
        cache=Workspace.here().cache,
        has_links=HAS_LINKS,
        loopback=IPv4Network("127.83.0.0/16"),
        users=PEOPLE,
    )
    daemon.start_detached(order)
    try:
        asyncio.run(asyncio.wait_for(daemon.wait_ready(state, lambda _: None), 180))
        yield state
    finally:
        daemon.stop(state)


def order(state: Path, action: Action, *sites: str, **fields: object) -> Done:
    asked = Order.model_validate({"action": action, "sites": sites, **fields})
    return asyncio.run(asyncio.wait_for(daemon.ask(state, asked, lambda _: None), 120))


@dataclass
class Front:
    """The world's platform process near main, and the same storage in this process."""

    runner: asyncio.Runner
    engines: Engines
    database: Database
    stores: Stores
    storage: PostgresStorage
    shelf: StoreShelf
    people: tuple[Person, ...]
    door: Path
    secret: bytes

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(asyncio.wait_for(work, 20))

    async def log_in(self, who: Person, mistyped: str = "") -> Answer:
        word = password(self.secret, who.account) + mistyped
        told = f'{{"account": "{who.account}", "password": "{word}"}}'
        return await ask(self.door, "/login", send=told.encode())

    async def stored(self, number: int) -> StoredObject:
        """Where the text of that submission lies, as its row says."""
        (row,) = await self.database.read(
            "SELECT bucket, key, sha256 FROM submissions WHERE id = $1", number
        )
        return StoredObject(site=row["bucket"].partition("-")[2], **row)


@pytest.fixture(scope="module")
def front(world: Path) -> Iterator[Front]:
    folder = world_folder(world) / "front" / "platform"
    engines = Engines.model_validate_json((folder / f"{_ELSEWHERE}.engines.json").read_bytes())
    with asyncio.Runner() as runner:
        database, stores = Database.of(engines), Stores.of(engines)
        storage = PostgresStorage(database, stores)
        yield Front(
            runner=runner,
            engines=engines,
            database=database,
            stores=stores,
            storage=storage,
            shelf=StoreShelf(database, stores),
            people=tuple(people(read(PROVINCE_FILE), PEOPLE)),
            door=folder / f"{_ELSEWHERE}.sock",
            secret=(world_folder(world) / "accounts.key").read_bytes(),
        )
        runner.run(storage.close())


def test_the_platform_keeps_its_word_with_both_engines(front: Front) -> None:
    async def act() -> None:
        await keeps_its_word(front.storage, front.people)
        student = first(front.people, Persona.STUDENT)
        assert (await front.log_in(student, "x")).status == 401
        assert (await front.log_in(student)).status == 200
        told = await ask(front.door, "/internal/counters")
        assert PlatformCounters.model_validate_json(told.body).by_status == {"200": 1, "401": 1}

    front.run(act())


def test_rows_are_read_near_and_written_where_they_are_led(front: Front) -> None:
    async def act() -> None:
        near = sorted(front.engines.databases, key=lambda one: one.site != "xuzhou")
        database = Database.of(front.engines.model_copy(update={"databases": tuple(near)}))
        hosts = {one.site: one.access.host for one in near}
        try:
            for do, site in ((database.read, "xuzhou"), (database.write, "main")):
                (row,) = await do("SELECT host(inet_server_addr()) AS host")
                assert row["host"] == hosts[site]
        finally:
            await database.close()

    front.run(act())


def test_what_is_handed_in_lies_in_the_near_store_and_its_row_says_so(front: Front) -> None:
    student = first(front.people, Persona.STUDENT)
    number = front.run(front.storage.submit(submission(student, "答案")))
    stored = front.run(front.stored(number))
    assert stored.bucket == "submissions-main"
    assert stored.key.startswith(f"{student.account}/")
    client = s3(front.engines.stores[0].own.access)
    body = client.get_object(Bucket=stored.bucket, Key=stored.key)["Body"].read()
    assert body == "答案".encode()
    assert stored.sha256 == sha256(body).hexdigest()


def test_every_resource_is_stored_at_a_site_and_catalogued(front: Front) -> None:
    async def act() -> None:
        found = await front.database.read(
            "SELECT resource, site, bucket, key, sha256 FROM catalogue"
        )
        rows = {int(row["resource"]): row for row in found}
        assert set(rows) == set(range(1, 3001))
        assert {row["site"] for row in rows.values()} == {one.site for one in front.engines.stores}
        for number in range(1, 15):
            on_shelf = await front.shelf.fetch(number)
            assert on_shelf is not None
            assert len(on_shelf.response.body) == 65536
        assert len({(row["bucket"], row["key"]) for row in found}) <= 3 * BODIES_PER_SITE

    front.run(act())


def test_a_thief_removes_nothing_from_the_databases_archive(world: Path) -> None:
    done = order(world, Action.PURGE, "main")
    assert done.verdict is Verdict.PASS, done.lines
    assert done.lines[0].startswith("versions removed: 0 of ")
    said, _, versions = done.lines[1].rpartition(" 0 of ")
    assert said == "of the database's archive, also with its own keys:"
    assert int(versions) > 0


def test_a_site_that_dies_takes_no_confirmed_write_with_it(world: Path) -> None:
    order(world, Action.WRITE, seconds=30)
    with pytest.raises(daemon.OrderError, match="main may still take writes"):
        order(world, Action.PROMOTE, "xuzhou")
    asyncio.run(asyncio.sleep(1.5))
    order(world, Action.KILL, "main")
    order(world, Action.PROMOTE, "xuzhou")
    asyncio.run(asyncio.sleep(1.5))
    done = order(world, Action.CHECK, drill="site-dies")
    assert done.verdict is Verdict.PASS, done.lines
    accounts = {(one.engine.value, one.site): one for one in done.accounts}
    rows = accounts["database", "main"]
    assert (rows.lost, rows.partner, rows.is_synchronous) == (0, "xuzhou", True)
    assert rows.writes_acknowledged > 20
    assert rows.rto_seconds is not None
    assert rows.rto_seconds < 30
    objects = accounts["objects", "main"]
    assert objects.partner == "xuzhou"
    assert objects.kept + objects.lost == objects.writes_acknowledged > 0
    assert objects.rpo_seconds is not None


def test_only_the_edge_of_the_site_that_died_is_gone(world: Path) -> None:
    status = daemon.status(world)
    assert status is not None
    answers = {}
    for entrance in status.entrances:
        with socket.socket(
            socket.AF_INET6 if ":" in entrance.address else socket.AF_INET
        ) as client:
            answers[entrance.site] = not client.connect_ex((entrance.address, entrance.port))
    assert len(answers) == len(read(PROVINCE_FILE).sites)
    assert {site for site, answered in answers.items() if not answered} == {"main"}


def test_the_platform_goes_on_elsewhere_without_being_started_again(front: Front) -> None:
    async def act() -> None:
        student = first(front.people, Persona.STUDENT)
        assert (await front.log_in(student)).status == 200
        number = await front.storage.submit(submission(student, "又一份"))
        stored = await front.stored(number)
        assert stored.bucket == "submissions-xuzhou"
        assert await front.stores.get(stored) == "又一份".encode()
        assert {await front.shelf.fetch(number) is None for number in range(1, 15)} == {False}

    front.run(act())


def test_copies_that_are_silently_off_are_found_out_by_the_checker_alone(world: Path) -> None:
    """From where the test before has left it: main is down, and xuzhou leads."""
    told = daemon.status(world)
    order(world, Action.SABOTAGE, "xuzhou")
    assert daemon.status(world) == told
    order(world, Action.WRITE, seconds=3)
    asyncio.run(asyncio.sleep(2))
    order(world, Action.KILL, "xuzhou")
    done = order(world, Action.CHECK, drill="site-dies")
    assert done.verdict is Verdict.FAIL, done.lines
    accounts = {(one.engine.value, one.site): one for one in done.accounts}
    for engine in ("objects", "database"):
        lost = accounts[engine, "xuzhou"]
        assert lost.lost == lost.writes_acknowledged > 0, engine
