"""Whether a load run can be believed: the generator was not the bottleneck, and the counts agree.

What is not valid says nothing about the platform, neither good nor bad: every ground is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence.load import WORKER_LAG_MS_P99_MAX
from evidence.records import EdgeRecord, JourneyRecord, LoadRecord
from release.claims.grounds import Ground, unknown

WORKER_CPU_PERCENT_MAX = 90.0
"""Above it Locust itself warns that response times may measure the worker and not the server."""


def validity(
    load: LoadRecord, edges: Sequence[EdgeRecord], journeys: Sequence[JourneyRecord]
) -> Iterator[Ground]:
    """Each ground on which the load run shows nothing."""
    yield from _of_workers(load, edges)
    yield from _of_counts(load, journeys)
    yield from _of_edge(load, edges)


def samples_lost(load: LoadRecord, edges: Sequence[EdgeRecord]) -> int:
    """Responses whose samples went with lost workers: what the edge sent and nobody counted.

    Without the edge's count it is what the workers told of without their times: the least.
    """
    if not load.workers_lost:
        return 0
    return max([load.samples_lost, sum(edge.completed for edge in edges) - load.completed])


def _of_workers(load: LoadRecord, edges: Sequence[EdgeRecord]) -> Iterator[Ground]:
    if load.workers_lost:
        lost = samples_lost(load, edges)
        yield unknown(
            f"{load.workers_lost} of {load.workers_planned} load workers were lost with "
            f"{load.users_lost:,} users and {'' if edges else 'at least '}{lost:,} samples "
            f"(they had told of {load.samples_lost:,} of these, and {load.samples_kept:,} are kept)"
        )
    if load.worker_cpu_percent_max > WORKER_CPU_PERCENT_MAX:
        yield unknown(
            f"the generator was saturated: a worker used {load.worker_cpu_percent_max:.0f} % "
            f"of its core (valid up to {WORKER_CPU_PERCENT_MAX:.0f} %)"
        )
    if load.worker_lag_ms_p99 > WORKER_LAG_MS_P99_MAX:
        yield unknown(
            f"the generator was late: p99 of a worker's lag was {load.worker_lag_ms_p99:.0f} ms "
            f"(valid up to {WORKER_LAG_MS_P99_MAX:.0f} ms)"
        )
    if not load.tls:
        yield unknown("the load ran without TLS, which no user ever does")


def _of_counts(load: LoadRecord, journeys: Sequence[JourneyRecord]) -> Iterator[Ground]:
    ended = load.completed + load.failed + load.in_flight
    if load.started != ended:
        yield unknown(
            f"the generator's counts do not agree: {load.started:,} requests started, but "
            f"{load.completed:,} completed + {load.failed:,} failed + "
            f"{load.in_flight:,} in flight are {ended:,}"
        )
    held = sum(journey.requests for journey in journeys)
    if held > load.started:
        yield unknown(f"journeys count {held:,} requests, more than the {load.started:,} started")


def _of_edge(load: LoadRecord, edges: Sequence[EdgeRecord]) -> Iterator[Ground]:
    if not edges:
        yield unknown("the edge's own count is missing")
        return
    counted = sum(edge.completed for edge in edges)
    if counted != load.completed:
        yield unknown(
            f"client and edge do not agree: {load.completed:,} responses were read, "
            f"{counted:,} were sent ({counted - load.completed:+,})"
        )
