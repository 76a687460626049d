"""Around the loss of a site: failures by second, and the last second that broke the objective."""

from __future__ import annotations

import pytest

from evidence.load import LoadPhase, LoadPlanRecord, LoadSecondRecord, SiteLossRecord
from evidence.records import RecoveryRecord
from loadtests.analysis import Evidence
from loadtests.recovery import SECONDS_BEFORE, recoveries
from tests.loadtests.test_analysis import PLAN, second

LOST_AT = 500.7


def sample(worker: int, at: float, completed: int, failed: int, refused: int) -> LoadSecondRecord:
    counts = {"completed": completed, "failed": failed, "refused": refused}
    return second(worker, at, 10).model_copy(update={"phase": LoadPhase.HOLD, **counts})


def seen(failed: dict[int, int], refused: int = 0, plan: LoadPlanRecord = PLAN) -> RecoveryRecord:
    """Two workers with 50 requests a second each; of one, so many fail in those seconds."""
    loss = SiteLossRecord(
        site="suzhou", partner="wuxi", users=5, lost_at=LOST_AT, errors_ratio_max=0.01
    )
    samples = []
    total = 0
    for at in range(470, 520):
        total += failed.get(at - 500, 0)
        done = 50 * (at - 470)
        samples += [
            sample(0, at + 0.1, done - total, total, refused if at >= 503 else 0),
            sample(1, at + 0.9, done, 0, 0),
        ]
    (found,) = recoveries(
        Evidence(plan=plan, phases=(), seconds=tuple(samples), workers=(), losses=(loss,))
    )
    return found


def test_failures_are_told_by_second_from_before_the_loss() -> None:
    found = seen({1: 30, 2: 10})
    assert [one.second for one in found.seconds] == list(range(-SECONDS_BEFORE, 20))
    assert {one.requests for one in found.seconds} == {100}
    assert {one.second: one.failed for one in found.seconds if one.failed} == {1: 30, 2: 10}
    assert (found.requests, found.failed, found.recovered_seconds) == (2000, 40, 3)


def test_failures_before_the_loss_are_not_its_own() -> None:
    found = seen({-3: 20})
    assert (found.failed, found.recovered_seconds) == (0, 0)


@pytest.mark.parametrize(
    ("failed", "recovered"), [({5: 1}, 0), ({5: 2}, 6), ({5: 2, 18: 2}, 19), ({19: 2}, None)]
)
def test_it_is_over_with_the_last_second_above_the_objective(
    failed: dict[int, int], recovered: int | None
) -> None:
    assert seen(failed).recovered_seconds == recovered


def test_responses_that_are_refused_are_failures() -> None:
    found = seen({}, refused=7)
    assert (found.failed, found.recovered_seconds) == (7, 4)


def test_a_load_that_loses_no_site_recovers_from_nothing() -> None:
    assert recoveries(Evidence(plan=PLAN, phases=(), seconds=(), workers=())) == ()
