"""Each journey against its objective: response times and errors over the hold.

A bound is broken where the whole interval lies above it, kept where it lies within; between the
two there were too few requests to tell. Where no interval is known the measured value decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evidence.figure import Figure
from evidence.interval import Interval
from province.objectives import JourneyObjective, Objectives
from release.claims.grounds import Ground, failed, unknown
from release.claims.journeys import SeenJourney

Journeys = Mapping[str, SeenJourney]


def kept(objectives: Objectives, journeys: Journeys) -> Iterator[Ground]:
    """A ground for each bound that is broken, or that too few requests leave open."""
    for objective in objectives.journeys:
        seen = journeys.get(objective.journey.value)
        if seen is None:
            yield unknown(f"there was no {objective.journey} request during the hold")
            continue
        if not seen.agrees:
            yield unknown(f"{objective.journey}: its percentiles are not those of its histograms")
            continue
        yield from _times(objective, seen)
        yield from _errors(objective, seen)


def figures(objectives: Objectives, journeys: Journeys) -> dict[str, Figure]:
    """p95, p99 and errors of each journey that has an objective, in its order."""
    found: dict[str, Figure] = {}
    for objective in objectives.journeys:
        seen = journeys.get(objective.journey.value)
        if seen is not None:
            found |= _of_journey(objective, seen)
    return found


def _times(objective: JourneyObjective, seen: SeenJourney) -> Iterator[Ground]:
    record = seen.record
    for name, value, interval, bound in (
        ("p95", record.response_ms_p95, seen.response_ms_p95, objective.response_ms_p95_max),
        ("p99", record.response_ms_p99, seen.response_ms_p99, objective.response_ms_p99_max),
    ):
        told = f"{record.journey}: {name} {value:,.0f} ms, objective {bound:,.0f} ms"
        low, high = (interval.low, interval.high) if interval else (value, value)
        if low > bound:
            yield failed(told)
        elif high > bound:
            yield unknown(f"{told}: too few requests to tell ({low:,.0f} to {high:,.0f} ms)")


def _errors(objective: JourneyObjective, seen: SeenJourney) -> Iterator[Ground]:
    record, bound = seen.record, objective.errors_ratio_max
    counted = f"{record.failed:,} of {record.requests:,} {record.journey} requests failed"
    if seen.errors.low > bound:
        yield failed(f"{counted}, objective {bound:.2%}")
    elif seen.errors.high > bound:
        yield unknown(f"{counted}: too few requests to show that errors stay under {bound:.2%}")


def _of_journey(objective: JourneyObjective, seen: SeenJourney) -> dict[str, Figure]:
    record = seen.record
    return {
        f"{record.journey}_response_ms_p95": _figure(
            record.response_ms_p95, "ms", seen.response_ms_p95, objective.response_ms_p95_max
        ),
        f"{record.journey}_response_ms_p99": _figure(
            record.response_ms_p99, "ms", seen.response_ms_p99, objective.response_ms_p99_max
        ),
        f"{record.journey}_errors_ratio": _figure(
            record.failed / record.requests, "ratio", seen.errors, objective.errors_ratio_max
        ),
    }


def _figure(value: float, unit: str, interval: Interval | None, objective: float) -> Figure:
    return Figure(
        value=value,
        unit=unit,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        objective=objective,
    )
