"""A load that climbs step by step: each is judged by what was asked while it stayed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

from hdrh.histogram import HdrHistogram

from evidence.interval import quantile_shares, wilson
from evidence.load import WORKER_LAG_MS_P99_MAX, LoadPhase, LoadWorkerRecord
from evidence.records import JourneyRecord, LoadStepRecord
from evidence.verdict import Verdict
from loadtests import histograms
from loadtests.courses import Course, ShapeName, Stay
from loadtests.order import LoadOrder
from province.objectives import JourneyObjective
from province.reader import read

NEWS_SECONDS = 3.0
"""Workers' totals are so old when they are here: they go out with the next report after the
question. Both ends of a step are left out of it by as much."""


class Workers(Protocol):
    """The workers as a step's judge needs them."""

    def connected(self) -> int:
        """Users that are connected now."""

    def ask_totals(self) -> None:
        """Has each worker send its totals with its next report."""

    def latest_totals(self) -> tuple[LoadWorkerRecord, ...]:
        """The last totals of each."""

    def keep_step(self, record: LoadStepRecord) -> None:
        """Writes the record to the run folder."""


class StepWatch:
    """Judges each step at its end. One for a run; times are seconds of its course."""

    def __init__(
        self,
        workers: Workers,
        course: Course,
        users: int,
        objectives: Sequence[JourneyObjective],
    ) -> None:
        self._workers = workers
        self._users = users
        self._objectives = objectives
        self._steps = len(course.stays)
        self._before: tuple[LoadWorkerRecord, ...] = ()
        self._opened_at = 0.0
        self._due: deque[tuple[float, Callable[[float], bool]]] = deque()
        for number, stay in enumerate(course.stays, 1):
            self._due += self._acts(number, stay)

    def broken(self, second: float) -> bool:
        """Whether a step has not held, up to that second."""
        while self._due and self._due[0][0] <= second:
            _, act = self._due.popleft()
            if act(second):
                return True
        return False

    def _acts(self, number: int, stay: Stay) -> Iterator[tuple[float, Callable[[float], bool]]]:
        margin = min(NEWS_SECONDS, (stay.ends - stay.begins) / 4)
        yield stay.begins, self._ask
        yield stay.begins + margin, self._open
        yield stay.ends - margin, self._ask
        yield stay.ends, partial(self._close, number, round(self._users * stay.share))

    def _ask(self, _: float) -> bool:
        self._workers.ask_totals()
        return False

    def _open(self, second: float) -> bool:
        self._before, self._opened_at = self._workers.latest_totals(), second
        return False

    def _close(self, number: int, users: int, second: float) -> bool:
        after = self._workers.latest_totals()
        seen = seen_between(self._before, after)
        lag_ms = percentile_of_lag_ms(self._before, after)
        verdict, reasons = judge_step(seen, lag_ms, self._objectives)
        self._workers.keep_step(
            LoadStepRecord(
                step=number,
                steps=self._steps,
                users=users,
                users_connected=self._workers.connected(),
                seconds=second - self._opened_at,
                verdict=verdict,
                reasons=reasons,
                worker_lag_ms_p99=lag_ms,
                journeys=tuple(_record(name, one) for name, one in seen.items()),
            )
        )
        return verdict is not Verdict.PASS


def watch_of(order: LoadOrder, workers: Workers) -> StepWatch | None:
    """The watch of a load that climbs; None for any other."""
    if order.shape is not ShapeName.STEPS:
        return None
    objectives = read(order.province_file).objectives.journeys
    return StepWatch(workers, order.course, order.users, objectives)


class Seen:
    """One journey's requests of all workers together, up to a time or between two."""

    def __init__(self) -> None:
        self.requests = self.failed = self.bytes_received = 0
        self.histogram: HdrHistogram = histograms.new()


def seen_between(
    before: Sequence[LoadWorkerRecord], after: Sequence[LoadWorkerRecord]
) -> Mapping[str, Seen]:
    """Each journey's requests of the hold that are in the later totals and not in the earlier."""
    earlier, found = _seen(before), {}
    for name, later in sorted(_seen(after).items()):
        known = earlier.get(name, Seen())
        seen = found[name] = Seen()
        seen.requests = later.requests - known.requests
        seen.failed = later.failed - known.failed
        seen.bytes_received = later.bytes_received - known.bytes_received
        seen.histogram = histograms.difference(later.histogram, known.histogram)
    return {name: seen for name, seen in found.items() if seen.requests}


def percentile_of_lag_ms(
    before: Sequence[LoadWorkerRecord], after: Sequence[LoadWorkerRecord]
) -> float:
    """The p99 of the workers' lag between those totals."""
    earlier, later = (
        histograms.merged(worker.lag_histogram for worker in totals) for totals in (before, after)
    )
    return histograms.percentile_ms(histograms.difference(later, earlier), 99)


def judge_step(
    seen: Mapping[str, Seen], lag_ms: float, objectives: Sequence[JourneyObjective]
) -> tuple[Verdict, tuple[str, ...]]:
    """Whether it held, and why not. A bound is broken where the whole interval lies above it."""
    broken = [
        told
        for objective in objectives
        if (one := seen.get(objective.journey.value)) is not None
        for told in _broken(objective, one)
    ]
    if lag_ms > WORKER_LAG_MS_P99_MAX:
        late = f"the generator was late: p99 of its lag was {lag_ms:.0f} ms"
        return Verdict.UNKNOWN, (f"{late} (valid up to {WORKER_LAG_MS_P99_MAX:.0f} ms)", *broken)
    if not seen:
        return Verdict.UNKNOWN, ("no request ended while it was looked at: make the steps longer",)
    return (Verdict.FAIL if broken else Verdict.PASS), tuple(broken)


def _broken(objective: JourneyObjective, seen: Seen) -> Iterator[str]:
    journey, histogram = objective.journey, seen.histogram
    for percent, bound in (
        (95, objective.response_ms_p95_max),
        (99, objective.response_ms_p99_max),
    ):
        shares = quantile_shares(percent / 100, histogram.total_count)
        if shares and histograms.percentile_ms(histogram, 100 * shares.low) > bound:
            measured = histograms.percentile_ms(histogram, percent)
            yield f"{journey}: p{percent} {measured:,.0f} ms, objective {bound:,.0f} ms"
    if wilson(seen.failed, seen.requests).low > objective.errors_ratio_max:
        yield (
            f"{seen.failed:,} of {seen.requests:,} {journey} requests failed, "
            f"objective {objective.errors_ratio_max:.2%}"
        )


def _seen(totals: Sequence[LoadWorkerRecord]) -> Mapping[str, Seen]:
    texts: dict[str, list[str]] = {}
    found: dict[str, Seen] = {}
    for sample in (sample for worker in totals for sample in worker.journeys):
        if sample.phase is LoadPhase.HOLD:
            one = found.setdefault(sample.journey, Seen())
            one.requests += sample.requests
            one.failed += sample.failed
            one.bytes_received += sample.bytes_received
            texts.setdefault(sample.journey, []).append(sample.histogram)
    for name, one in found.items():
        one.histogram = histograms.merged(texts[name])
    return found


def _record(name: str, seen: Seen) -> JourneyRecord:
    return JourneyRecord(
        journey=name,
        requests=seen.requests,
        failed=seen.failed,
        response_ms_p50=histograms.percentile_ms(seen.histogram, 50),
        response_ms_p95=histograms.percentile_ms(seen.histogram, 95),
        response_ms_p99=histograms.percentile_ms(seen.histogram, 99),
        response_ms_max=histograms.longest_ms(seen.histogram),
        bytes_received=seen.bytes_received,
    )
