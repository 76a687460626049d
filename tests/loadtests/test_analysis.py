"""From reports to records: what was held, who was lost, and what a person may read out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence.load import (
    FailureCount,
    LoadPhase,
    LoadPhaseRecord,
    LoadPlanRecord,
    LoadSecondRecord,
    LoadWorkerRecord,
)
from evidence.run import RunFolder
from loadtests import histograms
from loadtests.analysis import Evidence, analyse, read_evidence
from loadtests.order import LoadError

PLAN = LoadPlanRecord(
    users=20, users_ipv6=0, ramp_seconds=5, hold_seconds=10, workers=2, tls=True, seed=7
)
PHASES = tuple(
    LoadPhaseRecord(phase=phase, began_at=at)
    for phase, at in [
        (LoadPhase.RAMP, 100.0),
        (LoadPhase.HOLD, 110.5),
        (LoadPhase.DRAIN, 120.5),
        (LoadPhase.DONE, 121.0),
    ]
)


def second(
    worker: int, at: float, connected: int, cpu: float = 10.0, completed: int = 0
) -> LoadSecondRecord:
    phase = LoadPhase.HOLD if 110.5 <= at < 120.5 else LoadPhase.RAMP
    return LoadSecondRecord(
        worker=worker,
        at=at,
        phase=phase,
        users=connected,
        connected=connected,
        started=0,
        completed=completed,
        failed=0,
        in_flight=0,
        refused=0,
        bytes_received=0,
        cpu_percent=cpu,
        lag_ms_max=1,
        memory_mib=80 + worker,
        response_ms_p99=1,
    )


def worker(number: int, **changes: object) -> LoadWorkerRecord:
    lag = histograms.new()
    histograms.record(lag, 2000)
    record = LoadWorkerRecord(
        worker=number,
        final=True,
        started=10,
        completed=8,
        failed=1,
        in_flight=1,
        refused=2,
        retried=0,
        bytes_received=1000,
        failures=(FailureCount(journey="video", failure="HTTP 503", count=3),),
        journeys=(),
        lag_histogram=histograms.encoded(lag),
    )
    return record.model_copy(update=changes)


def evidence(seconds: list[LoadSecondRecord], *workers: LoadWorkerRecord) -> Evidence:
    return Evidence(plan=PLAN, phases=PHASES, seconds=tuple(seconds), workers=workers)


def steady(number: int, until: int = 122) -> list[LoadSecondRecord]:
    """A worker that samples itself a little less than once a second, as a busy one does."""
    return [second(number, 105 + k * 1.07, 10) for k in range(20) if 105 + k * 1.07 < until]


def test_what_was_held_is_the_least_of_all_whole_seconds() -> None:
    load, _ = analyse(evidence(steady(0) + steady(1), worker(0), worker(1)))
    assert (load.users_connected_peak, load.users_held_min) == (20, 20)
    assert (load.hold_seconds, load.ramp_seconds) == (10, 10.5)
    assert (load.started, load.completed, load.failed, load.in_flight) == (20, 16, 2, 2)
    assert (load.responses_refused, load.bytes_received, load.workers_lost) == (4, 2000, 0)
    assert load.response_refused_names == ("video: HTTP 503 (6)",)
    assert load.worker_lag_ms_p99 == pytest.approx(2, rel=0.001)
    assert load.worker_memory_mib_max == 81
    assert load.seed == 7


def test_a_dip_of_one_second_shows() -> None:
    dip = second(1, 115.5, 3)
    others = [sample for sample in steady(1) if int(sample.at) != 115]
    load, _ = analyse(evidence([*steady(0), *others, dip], worker(0), worker(1)))
    assert load.users_held_min == 13


def test_a_worker_that_falls_silent_holds_nobody_and_is_lost() -> None:
    half = evidence(steady(0) + steady(1, until=114), worker(0), worker(1, final=False))
    load, _ = analyse(half)
    assert (load.users_held_min, load.workers_lost) == (10, 1)
    load, _ = analyse(evidence(steady(0), worker(0)))
    assert (load.users_held_min, load.workers_lost) == (10, 1)


def test_a_lost_workers_users_and_samples_are_counted() -> None:
    told = [second(1, 111 + k, 10 - k, completed=8 + 5 * k) for k in range(3)]
    load, _ = analyse(evidence(steady(0) + told, worker(0), worker(1, final=False)))
    assert (load.users_lost, load.samples_kept, load.samples_lost) == (8, 8, 10)
    load, _ = analyse(evidence(steady(0) + told, worker(0)))
    assert (load.users_lost, load.samples_kept, load.samples_lost) == (8, 0, 18)
    load, _ = analyse(evidence(steady(0) + told, worker(0), worker(1)))
    assert (load.users_lost, load.samples_kept, load.samples_lost) == (0, 0, 0)


def test_only_the_hold_counts_for_the_generators_own_load() -> None:
    busy_ramp = second(0, 106.0, 10, cpu=99.0)
    load, _ = analyse(evidence([busy_ramp, *steady(0), *steady(1)], worker(0), worker(1)))
    assert load.worker_cpu_percent_max == 10


def test_a_run_that_broke_off_in_the_ramp_held_nothing() -> None:
    broken = Evidence(plan=PLAN, phases=PHASES[:1], seconds=tuple(steady(0)), workers=())
    load, journeys = analyse(broken)
    assert (load.users_held_min, load.hold_seconds, load.workers_lost) == (0, 0, 2)
    assert journeys == ()


def test_a_folder_without_a_load_says_so(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no load run"):
        read_evidence(RunFolder(tmp_path))
