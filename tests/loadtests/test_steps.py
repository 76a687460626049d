"""A load that climbs: each step is judged by what was asked while it stayed, by nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.load import JourneySample, LoadPhase, LoadWorkerRecord
from evidence.records import LoadStepRecord
from evidence.verdict import Verdict
from loadtests import histograms
from loadtests.courses import ShapeName, course
from loadtests.steps import StepWatch, judge_step, seen_between
from province.objectives import Journey, JourneyObjective
from tests.loadtests.test_analysis import worker

OBJECTIVE = JourneyObjective(
    journey=Journey.VIDEO, response_ms_p95_max=800, response_ms_p99_max=2000, errors_ratio_max=0.01
)
CLIMB = course(ShapeName.STEPS, ramp_seconds=1, hold_seconds=1, factor=1.0)


def video(*times: tuple[int, int], failed: int = 0, phase: LoadPhase = LoadPhase.HOLD) -> object:
    """A worker's requests: pairs of milliseconds and how many took so long."""
    histogram = histograms.new()
    for milliseconds, count in times:
        histogram.record_value(milliseconds * 1000, count)
    return JourneySample(
        journey="video",
        phase=phase,
        requests=histogram.total_count + failed,
        failed=failed,
        bytes_received=100 * histogram.total_count,
        histogram=histograms.encoded(histogram),
    )


def totals(number: int, *samples: object, lag_ms: int = 1) -> LoadWorkerRecord:
    lag = histograms.new()
    lag.record_value(lag_ms * 1000, 100)
    return worker(number, journeys=samples, lag_histogram=histograms.encoded(lag))


def test_only_what_was_asked_in_between_and_in_the_hold_is_seen() -> None:
    before = (totals(0, video((900, 50), failed=3)), totals(1))
    ramp = video((5000, 77), phase=LoadPhase.RAMP)
    after = (
        totals(0, video((900, 50), (5, 40), failed=4), ramp),
        totals(1, video((7, 60)), ramp),
    )
    (seen,) = seen_between(before, after).values()
    assert (seen.requests, seen.failed, seen.bytes_received) == (101, 1, 10_000)
    assert histograms.longest_ms(seen.histogram) == pytest.approx(7, rel=1e-3)
    assert seen_between(after, after) == {}


@given(st.lists(st.integers(1, 10**8)), st.lists(st.integers(1, 10**8)))
def test_a_difference_is_what_came_later(early: list[int], late: list[int]) -> None:
    before, after, rest = histograms.new(), histograms.new(), histograms.new()
    for value in early:
        before.record_value(value)
    for value in early + late:
        after.record_value(value)
    for value in late:
        rest.record_value(value)
    found = histograms.difference(after, before)
    assert found.total_count == len(late)
    for percent in (50, 95, 100):
        assert histograms.percentile_ms(found, percent) == pytest.approx(
            histograms.percentile_ms(rest, percent), rel=2e-3
        )


@pytest.mark.parametrize(
    ("sample", "lag_ms", "verdict", "reason"),
    [
        (video((5, 1000)), 1.0, Verdict.PASS, ""),
        (video((5, 940), (900, 60)), 1.0, Verdict.PASS, ""),
        (video((5, 900), (900, 100)), 1.0, Verdict.FAIL, "video: p95 900 ms, objective 800 ms"),
        (video((5, 970), (2500, 30)), 1.0, Verdict.FAIL, "video: p99 2,5"),
        (video((5, 92), (900, 8)), 1.0, Verdict.PASS, ""),
        (video((5, 970), failed=30), 1.0, Verdict.FAIL, "30 of 1,000 video requests failed"),
        (video((5, 99), failed=2), 1.0, Verdict.PASS, ""),
        (
            video((900, 1000)),
            21.0,
            Verdict.UNKNOWN,
            "the generator was late: p99 of its lag was 21",
        ),
    ],
)
def test_a_bound_breaks_only_where_enough_requests_show_it(
    sample: object, lag_ms: float, verdict: Verdict, reason: str
) -> None:
    found, reasons = judge_step(seen_between((), (totals(0, sample),)), lag_ms, [OBJECTIVE])
    assert found is verdict
    assert reasons[0].startswith(reason) if reason else reasons == ()


def test_a_step_without_requests_shows_nothing() -> None:
    verdict, reasons = judge_step({}, 1.0, [OBJECTIVE])
    assert (verdict, len(reasons)) == (Verdict.UNKNOWN, 1)


class Crew:
    """Workers whose requests take as long as the test says; news of them is late."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.kept: list[LoadStepRecord] = []
        self.now = 0.0
        self.done: list[tuple[int, int]] = []
        self.told: tuple[LoadWorkerRecord, ...] = ()
        self.lag_ms = 1

    def connected(self) -> int:
        return 9

    def ask_totals(self) -> None:
        self.asked.append(self.now)
        self.told = (totals(0, video(*self.done), lag_ms=self.lag_ms),)

    def latest_totals(self) -> tuple[LoadWorkerRecord, ...]:
        return self.told

    def keep_step(self, record: LoadStepRecord) -> None:
        self.kept.append(record)


def climb(crew: Crew, milliseconds_from: dict[int, int]) -> float:
    """Climbs, 10 requests a second as slow as is said from that second on; when it ended."""
    watch = StepWatch(crew, CLIMB, 1000, [OBJECTIVE])
    for second in range(int(CLIMB.hold_at), int(CLIMB.seconds) + 2):
        crew.now = second
        slow = max(at for at in milliseconds_from if at <= second)
        crew.done.append((milliseconds_from[slow], 10))
        if watch.broken(second):
            return second
    return CLIMB.seconds


def test_all_steps_are_judged_where_none_breaks() -> None:
    crew = Crew()
    assert climb(crew, {0: 5}) == CLIMB.seconds
    assert [step.step for step in crew.kept] == list(range(1, 11))
    assert [step.users for step in crew.kept] == list(range(100, 1001, 100))
    assert {step.verdict for step in crew.kept} == {Verdict.PASS}
    assert {step.seconds for step in crew.kept} == {237}
    assert crew.asked[:4] == [60, 297, 360, 597]


def test_it_ends_with_the_step_that_breaks() -> None:
    crew = Crew()
    assert climb(crew, {0: 5, 700: 950}) == 900
    held, second, broke = crew.kept
    assert (held.verdict, second.verdict, broke.verdict) == ("PASS", "PASS", "FAIL")
    assert (broke.users, broke.users_connected, broke.steps) == (300, 9, 10)
    assert broke.reasons[0].startswith("video: p95 950 ms, objective 800 ms")
    assert broke.requests == 10 * 237


def test_what_is_slow_while_users_arrive_breaks_no_step() -> None:
    crew = Crew()
    assert climb(crew, {0: 5, 301: 5000, 358: 5}) == CLIMB.seconds
