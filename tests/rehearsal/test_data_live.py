"""The data world, real: a site is killed while people write, and every write is accounted for."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from evidence.verdict import Verdict
from rehearsal.data import daemon
from rehearsal.data.orders import Action, Done, Order
from release.workspace import Workspace
from tests.worlds import PROVINCE_FILE

HAS_LINKS = os.geteuid() == 0 and shutil.which("ip") is not None
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
    daemon.start_detached(
        state,
        PROVINCE_FILE,
        Workspace.here().cache,
        has_links=HAS_LINKS,
        loopback=IPv4Network("127.83.0.0/16"),
    )
    try:
        asyncio.run(asyncio.wait_for(daemon.wait_ready(state, lambda _: None), 180))
        yield state
    finally:
        daemon.stop(state)


def order(state: Path, action: Action, *sites: str, **fields: object) -> Done:
    asked = Order.model_validate({"action": action, "sites": sites, **fields})
    return asyncio.run(asyncio.wait_for(daemon.ask(state, asked, lambda _: None), 120))


def test_a_site_that_dies_takes_no_confirmed_write_with_it(world: Path) -> None:
    order(world, Action.WRITE, seconds=5)
    with pytest.raises(daemon.OrderError, match="main may still take writes"):
        order(world, Action.PROMOTE, "xuzhou")
    asyncio.run(asyncio.sleep(1.5))
    order(world, Action.KILL, "main")
    order(world, Action.PROMOTE, "xuzhou")
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
