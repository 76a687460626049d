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
from evidence.records import JourneyRecord, LoadRecord, LoadStepRecord
from evidence.run import RunFolder
from evidence.verdict import Verdict
from loadtests.analysis import analyse, read_evidence
from loadtests.courses import ShapeName
from loadtests.order import LoadError, LoadOrder, Target
from loadtests.progress import LoadProgress
from loadtests.run import run_load
from processes.supervisor import Supervisor
from province.province import Province
from release.claims.users import judge_users
from tests import worlds
from tests.loadtests.conftest import HOST, NAME, SmallPlatform
from tests.release import runs

pytestmark = [pytest.mark.live, pytest.mark.slow]
USERS = 200


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


def locusts() -> list[psutil.Process]:
    """Master and workers that run now."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "locust" in child.cmdline()]


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
    assert locusts() == []


@pytest.mark.alone
def test_users_who_leave_in_the_middle_lose_no_count(
    tls_platform: SmallPlatform, secret_file: Path, tmp_path: Path
) -> None:
    asked = order(tls_platform, secret_file, shape=ShapeName.SPIKE, time_scale=0.004, rate=100.0)
    load = run(asked, tmp_path, lambda _: None)
    assert load.started == load.completed == tls_platform.counters()["answered"]
    assert (load.failed, load.in_flight, load.workers_lost) == (0, 0, 0)
    assert load.users_connected_peak == USERS
    assert load.users_held_min == pytest.approx(0.3 * USERS, abs=5)
    assert load.hold_seconds == pytest.approx(4800 * 0.004, abs=2)


def test_a_killed_worker_is_counted_and_the_run_goes_on(
    tls_platform: SmallPlatform, secret_file: Path, tmp_path: Path
) -> None:
    killed: list[int] = []

    def kill_one(progress: LoadProgress) -> None:
        if progress.phase is LoadPhase.HOLD and not killed:
            victim = next(one for one in locusts() if "--worker" in one.cmdline())
            killed.append(victim.pid)
            victim.send_signal(signal.SIGKILL)

    asked = order(tls_platform, secret_file, hold_seconds=12.0)
    load = run(asked, tmp_path, kill_one)

    assert killed
    assert load.workers_lost == 1
    assert load.workers_planned == 2
    assert load.users_held_min == USERS // 2
    assert load.hold_seconds >= 12
    folder = RunFolder(tmp_path / "run")
    totals = folder.read(LoadWorkerRecord)
    assert sorted(record.final for record in totals) == [False, True]
    assert load.users_lost == USERS // 2
    assert load.samples_kept == next(r.completed for r in totals if not r.final)
    answered = tls_platform.counters()["answered"]
    assert 0 <= load.samples_lost <= answered - load.completed
    _is_unknown_with_what_was_lost(load, folder, answered)


def _is_unknown_with_what_was_lost(load: LoadRecord, folder: RunFolder, answered: int) -> None:
    edge = runs.edge(completed=answered)
    seen = (load, edge, *folder.read(JourneyRecord), *folder.read(LoadWorkerRecord))
    claim = judge_users(runs.gathered(*seen))
    assert claim.verdict is Verdict.UNKNOWN
    lost = answered - load.completed
    told = f"1 of 2 load workers were lost with {USERS // 2} users and {lost:,} samples"
    assert claim.reason.startswith(told)
    assert claim.figures["users_lost"].value == USERS // 2
    assert claim.figures["samples_lost"].value == lost > 0


@pytest.mark.alone
def test_a_climb_ends_with_the_step_that_breaks(
    tls_platform: SmallPlatform, secret_file: Path, tmp_path: Path
) -> None:
    strict = tuple(
        objective.model_copy(update={"response_ms_p95_max": 0.001, "response_ms_p99_max": 0.002})
        for objective in worlds.province().objectives.journeys
    )
    world = worlds.with_objectives(worlds.province(), journeys=strict)
    asked = order(
        tls_platform,
        secret_file,
        province_file=worlds.write(world, tmp_path / "strict.yaml"),
        shape=ShapeName.STEPS,
        time_scale=0.02,
        think_scale=0.005,
    )
    load = run(asked, tmp_path, lambda _: None)
    (step,) = RunFolder(tmp_path / "run").read(LoadStepRecord)
    assert (step.step, step.users, step.users_connected) == (1, USERS // 10, USERS // 10)
    assert step.verdict is Verdict.FAIL
    assert "ms, objective 0 ms" in step.reasons[0]
    assert 0 < step.requests < load.completed
    assert load.users_connected_peak < USERS / 2
    assert load.started == load.completed == tls_platform.counters()["answered"]


def test_a_run_without_workers_ends_at_once(
    tls_platform: SmallPlatform, secret_file: Path, tmp_path: Path
) -> None:
    def kill_all(progress: LoadProgress) -> None:
        if progress.phase is LoadPhase.HOLD:
            for one in locusts():
                if "--worker" in one.cmdline():
                    one.send_signal(signal.SIGKILL)

    load = run(order(tls_platform, secret_file, hold_seconds=300.0), tmp_path, kill_all)
    assert (load.workers_lost, load.users_held_min) == (2, 0)
    assert locusts() == []


def test_refused_users_come_again_and_are_counted(secret_file: Path, tmp_path: Path) -> None:
    nobody = SmallPlatform(port=1, ca_file=None)
    load = run(order(nobody, secret_file, settle_seconds=1.0), tmp_path, lambda _: None)
    assert load.started == load.failed > USERS
    assert (load.completed, load.in_flight, load.workers_lost) == (0, 0, 0)
    assert load.response_refused_names == (f"login: connection refused ({load.failed})",)
    assert not load.tls


def test_a_load_that_is_cancelled_leaves_nothing(
    tls_platform: SmallPlatform, secret_file: Path, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with Supervisor(tmp_path / "state") as supervisor:
            (tmp_path / "run").mkdir()
            held = asyncio.Event()
            load = asyncio.create_task(
                run_load(
                    order(tls_platform, secret_file, hold_seconds=300.0),
                    supervisor,
                    RunFolder(tmp_path / "run"),
                    lambda p: held.set() if p.phase is LoadPhase.HOLD else None,
                )
            )
            await asyncio.wait_for(held.wait(), 60)
            load.cancel()
            with pytest.raises(asyncio.CancelledError):
                await load
            assert locusts() == []

    asyncio.run(scene())


def test_what_does_not_fit_starts_nothing(
    tls_platform: SmallPlatform, secret_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(LoadError, match="open files"):
        run(order(tls_platform, secret_file, users=10**8, workers=1), tmp_path, lambda _: None)
    assert not (tmp_path / "run" / "logs").exists()


def test_a_worker_that_cannot_begin_is_told_with_its_last_words(
    tls_platform: SmallPlatform, secret_file: Path, tmp_path: Path
) -> None:
    garbage = tmp_path / "ca.crt"
    garbage.write_text("no certificate")
    with pytest.raises(LoadError, match=r"^a load worker ended with status 1: ssl.SSLError"):
        run(order(tls_platform, secret_file, ca_file=garbage), tmp_path, lambda _: None)
    assert locusts() == []


def test_a_file_that_is_not_there_is_named(tls_platform: SmallPlatform, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="nowhere cannot be read"):
        run(order(tls_platform, tmp_path / "nowhere"), tmp_path, lambda _: None)
