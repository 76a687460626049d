"""Each journey against its objective: response times and errors over the hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evidence.figure import Figure
from evidence.interval import wilson
from evidence.records import JourneyRecord
from province.objectives import JourneyObjective, Objectives
from release.claims.grounds import Ground, failed, unknown

Journeys = Mapping[str, JourneyRecord]


def kept(objectives: Objectives, journeys: Journeys) -> Iterator[Ground]:
    """A ground for each bound that is broken, or that too few requests leave open."""
    for objective in objectives.journeys:
        record = journeys.get(objective.journey.value)
        if record is None or record.requests == 0:
            yield unknown(f"there was no {objective.journey} request during the hold")
            continue
        yield from _times(objective, record)
        yield from _errors(objective, record)


def figures(objectives: Objectives, journeys: Journeys) -> dict[str, Figure]:
    """p95, p99 and errors of each journey that has an objective, in its order."""
    found: dict[str, Figure] = {}
    for objective in objectives.journeys:
        record = journeys.get(objective.journey.value)
        if record is not None and record.requests:
            found |= _of_journey(objective, record)
    return found


def _times(objective: JourneyObjective, record: JourneyRecord) -> Iterator[Ground]:
    for name, seen, bound in (
        ("p95", record.response_ms_p95, objective.response_ms_p95_max),
        ("p99", record.response_ms_p99, objective.response_ms_p99_max),
    ):
        if seen > bound:
            yield failed(f"{record.journey}: {name} {seen:,.0f} ms, objective {bound:,.0f} ms")


def _errors(objective: JourneyObjective, record: JourneyRecord) -> Iterator[Ground]:
    interval = wilson(record.failed, record.requests)
    bound = objective.errors_ratio_max
    counted = f"{record.failed:,} of {record.requests:,} {record.journey} requests failed"
    if interval.low > bound:
        yield failed(f"{counted}, objective {bound:.2%}")
    elif interval.high > bound:
        yield unknown(f"{counted}: too few requests to show that errors stay under {bound:.2%}")


def _of_journey(objective: JourneyObjective, record: JourneyRecord) -> dict[str, Figure]:
    interval = wilson(record.failed, record.requests)
    return {
        f"{record.journey}_response_ms_p95": Figure(
            value=record.response_ms_p95, unit="ms", objective=objective.response_ms_p95_max
        ),
        f"{record.journey}_response_ms_p99": Figure(
            value=record.response_ms_p99, unit="ms", objective=objective.response_ms_p99_max
        ),
        f"{record.journey}_errors_ratio": Figure(
            value=record.failed / record.requests,
            unit="ratio",
            low=interval.low,
            high=interval.high,
            objective=objective.errors_ratio_max,
        ),
    }
