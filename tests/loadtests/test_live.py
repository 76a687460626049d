"""Locust's own master and workers against a real server that counts: nothing may be lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from evidence.load import LoadPhase, LoadSecondRecord, LoadWorkerRecord
from evidence.records import JourneyRecord, LoadRecord
from evidence.run import RunFolder
from loadtests.analysis import analyse, read_evidence
from loadtests.order import LoadOrder, Target
from loadtests.progress import LoadProgress
from loadtests.run import run_load
from processes.supervisor import Supervisor
from province.province import Province
from tests import worlds
from tests.loadtests.conftest import HOST, NAME, SmallPlatform

pytestmark = [pytest.mark.live, pytest.mark.slow]
USERS = 200


@pytest.fixture
def province_file() -> Path:
    return worlds.PROVINCE_FILE


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_bytes(os.urandom(32))
    return file


def order(platform: SmallPlatform, secret_file: Path, **changes: object) -> LoadOrder:
    province: Province = worlds.province()
    asked = LoadOrder(
        users=USERS,
        ramp_seconds=3,
        hold_seconds=6,
        workers=2,
        targets=tuple(
            Target(site=site.id, hostname=NAME, address=HOST, port=platform.port)
            for site in province.branches
        ),
        ca_file=platform.ca_file,
        secret_file=secret_file,
        province_file=worlds.PROVINCE_FILE,
        first_source="127.37.1.1",
        think_scale=0.05,
    )
    return asked.model_copy(update=changes)


def run(asked: LoadOrder, folder: Path, on_progress: Callable[[LoadProgress], None]) -> LoadRecord:
    async def scene() -> LoadRecord:
        async with Supervisor(folder / "state") as supervisor:
            (folder / "run").mkdir()
            return await run_load(asked, supervisor, RunFolder(folder / "run"), on_progress)

    return asyncio.run(scene())


def test_every_request_is_accounted_for(
    tls_platform: SmallPlatform, secret_file: Path, tmp_path: Path
) -> None:
    told: list[LoadProgress] = []

    load = run(order(tls_platform, secret_file), tmp_path, told.append)

    assert load.started == load.completed + load.failed + load.in_flight
    assert (load.failed, load.in_flight, load.responses_refused) == (0, 0, 0)
    counters = tls_platform.counters()
    assert load.completed == counters["answered"] > USERS
    assert len(counters["accounts"]) == USERS
    assert load.users_connected_peak == load.users_held_min == USERS
    assert load.hold_seconds == pytest.approx(6, abs=1.5)
    assert load.workers_lost == 0
    assert load.tls
    assert {progress.phase for progress in told} >= {LoadPhase.RAMP, LoadPhase.HOLD}
    folder = RunFolder(tmp_path / "run")
    assert {record.worker for record in folder.read(LoadSecondRecord)} == {0, 1}
    again, journeys = analyse(read_evidence(folder))
    assert again == load
    assert journeys == folder.read(JourneyRecord)
    assert {"catalogue", "course", "video"} <= {record.journey for record in journeys}
    assert not psutil.Process().children(recursive=True) or all(
        "locust" not in " ".join(child.cmdline())
        for child in psutil.Process().children(recursive=True)
    )


def test_a_killed_worker_is_counted_and_the_run_goes_on(
    tls_platform: SmallPlatform, secret_file: Path, tmp_path: Path
) -> None:
    killed: list[int] = []

    def kill_one(progress: LoadProgress) -> None:
        if progress.phase is LoadPhase.HOLD and not killed:
            victim = next(
                child
                for child in psutil.Process().children(recursive=True)
                if "--worker" in child.cmdline()
            )
            killed.append(victim.pid)
            victim.send_signal(signal.SIGKILL)

    asked = order(tls_platform, secret_file, hold_seconds=20.0)
    load = run(asked, tmp_path, kill_one)

    assert killed
    assert load.workers_lost == 1
    assert load.workers_planned == 2
    assert load.users_held_min == USERS // 2
    assert load.hold_seconds >= 20
    totals = RunFolder(tmp_path / "run").read(LoadWorkerRecord)
    assert sorted(record.final for record in totals) == [False, True]
