"""Claim `users`: 200,000 people at once, in time and without error.

The order matters: a load run that cannot be believed is never read further, neither as kept nor
as broken; one that can be believed fails on a broken objective at any number of users; and only
the promised number of users, held for the promised time, passes.
"""

from __future__ import annotations

from collections.abc import Iterator

from evidence.figure import ClaimVerdict, Figure
from evidence.interval import wilson
from evidence.load import LoadWorkerRecord
from evidence.records import EdgeRecord, JourneyRecord, LoadRecord
from province.objectives import Objectives
from release.claims import objectives
from release.claims.generator import samples_lost, validity
from release.claims.grounds import Case, Ground, conclude, no_evidence, unknown
from release.claims.journeys import seen_journeys
from release.claims.objectives import Journeys
from release.gathered import Gathered

READS = (LoadRecord, EdgeRecord, JourneyRecord, LoadWorkerRecord)


def judge_users(evidence: Gathered) -> ClaimVerdict:
    """Valid and reconciled first, then the objectives, then how many users were reached."""
    promised, seen = evidence.province.objectives, seen_journeys(evidence)
    return conclude(
        evidence,
        Case(
            claim="users",
            reads=READS,
            grounds=list(_grounds(evidence, promised, seen)),
            kept=f"{promised.users_concurrent_min:,} users were held and every objective was kept",
            figures=_figures(evidence, promised, seen),
        ),
    )


def _grounds(evidence: Gathered, promised: Objectives, seen: Journeys) -> Iterator[Ground]:
    loads, journeys = evidence.of(LoadRecord), evidence.of(JourneyRecord)
    if len(loads) != 1:
        yield unknown(f"{len(loads)} load runs in one folder") if loads else no_evidence("users")
        return
    invalid = list(validity(loads[0], evidence.of(EdgeRecord), journeys))
    yield from invalid
    yield from _reach(loads[0], promised)
    if not invalid:
        yield from objectives.kept(promised, seen)


def _reach(load: LoadRecord, promised: Objectives) -> Iterator[Ground]:
    wanted = promised.users_concurrent_min
    if load.users_connected_peak < wanted:
        yield unknown(f"{load.users_connected_peak:,} of {wanted:,} users were reached")
    elif load.users_held_min < wanted:
        yield unknown(f"{load.users_held_min:,} of {wanted:,} users stayed through the hold")
    if load.hold_seconds < promised.hold_seconds_min:
        yield unknown(
            f"they were held for {load.hold_seconds:.0f} of {promised.hold_seconds_min} seconds"
        )


def _figures(evidence: Gathered, promised: Objectives, seen: Journeys) -> dict[str, Figure]:
    loads, journeys = evidence.of(LoadRecord), evidence.of(JourneyRecord)
    if len(loads) != 1:
        return {}
    load = loads[0]
    wanted = promised.users_concurrent_min
    return {
        "users_connected_peak": Figure(
            value=load.users_connected_peak, unit="users", objective=wanted
        ),
        "users_held_min": Figure(value=load.users_held_min, unit="users", objective=wanted),
        "hold_seconds": Figure(
            value=load.hold_seconds, unit="s", objective=promised.hold_seconds_min
        ),
        "requests": Figure(value=load.started, unit="requests"),
        **_lost(load, evidence.of(EdgeRecord)),
        **_rates(load, journeys),
        **_reconciled(load, evidence.of(EdgeRecord)),
        **objectives.figures(promised, seen),
    }


def _lost(load: LoadRecord, edges: tuple[EdgeRecord, ...]) -> dict[str, Figure]:
    """What went with lost workers; nothing where none was lost."""
    if not load.workers_lost:
        return {}
    return {
        "users_lost": Figure(value=load.users_lost, unit="users", objective=0),
        "samples_lost": Figure(value=samples_lost(load, edges), unit="samples", objective=0),
    }


def _rates(load: LoadRecord, journeys: tuple[JourneyRecord, ...]) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    requests = sum(record.requests for record in journeys)
    if requests:
        errors = sum(record.failed for record in journeys)
        interval = wilson(errors, requests)
        figures["errors_ratio"] = Figure(
            value=errors / requests, unit="ratio", low=interval.low, high=interval.high
        )
    if load.hold_seconds:
        figures["requests_per_second"] = Figure(value=requests / load.hold_seconds, unit="1/s")
    if load.users_connected_peak:
        figures["bytes_per_user"] = Figure(
            value=load.bytes_received / load.users_connected_peak, unit="bytes"
        )
    return figures


def _reconciled(load: LoadRecord, edges: tuple[EdgeRecord, ...]) -> dict[str, Figure]:
    if not edges:
        return {}
    difference = sum(edge.completed for edge in edges) - load.completed
    return {"requests_unreconciled": Figure(value=difference, unit="requests", objective=0)}
