"""Claim `compute`: computing resources are allocated and managed as one.

Judged is the plan part: queues whose quotas add up over all sites, and that the live clusters have
just those. That a batch of jobs lands across sites needs Kueue's own controllers, which no
rehearsal runs yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from evidence.figure import ClaimVerdict, Figure
from evidence.records import QuotaRecord
from infra.plan.errors import PlanError
from infra.plan.values import FleetPlan
from release.claims import quotas
from release.claims.grounds import (
    NO_EVIDENCE,
    Case,
    Ground,
    conclude,
    failed,
    no_evidence,
    some,
    unknown,
)
from release.gathered import Gathered

READS = (QuotaRecord,)


def judge_compute(evidence: Gathered) -> ClaimVerdict:
    """Sums of the lanes and each live queue; UNKNOWN until jobs have been sent."""
    seen = quotas.live(evidence.of(QuotaRecord), "ClusterQueue")
    grounds, figures = [no_evidence("compute")], dict[str, Figure]()
    if seen:
        try:
            fleet = quotas.planned_fleet(evidence)
            grounds, figures = list(_grounds(fleet, seen)), _figures(fleet, seen)
        except PlanError as error:
            grounds = [unknown(f"the kept province cannot be planned any more: {error.cause}")]
    return conclude(
        evidence,
        Case(
            claim="compute",
            reads=READS,
            grounds=grounds,
            kept="jobs land across all sites through one queue, and quotas hold",
            figures=figures,
        ),
    )


def _grounds(fleet: FleetPlan, seen: quotas.Amounts) -> Iterator[Ground]:
    yield from quotas.differences(quotas.planned_queues(fleet), seen, "queue")
    short = list(_short(fleet, seen))
    if short:
        yield failed(f"more may be sent than its branches take: {some(short)}")
    yield unknown(
        f"{len(seen)} queues at {len({site for site, _ in seen})} sites stand as planned, and what "
        f"is sent is never more than what is taken; that jobs land by them has {NO_EVIDENCE}"
    )


def _short(fleet: FleetPlan, seen: quotas.Amounts) -> Iterator[str]:
    """Lanes whose queue at main holds more than the queues at their ends, as they stand live."""
    for plan in fleet.sites:
        for lane in plan.compute.lanes:
            ends = [
                seen[site.site, queue.name]
                for site in fleet.sites
                if site.site in lane.clusters
                for queue in site.compute.queues
                if queue.door == lane.name and (site.site, queue.name) in seen
            ]
            sent = seen.get((plan.site, lane.name))
            if sent is not None and sent.cpu_millis > sum(end.cpu_millis for end in ends):
                yield f"{lane.name} ({sent.cpu_millis / 1000:g} cores)"


def _figures(fleet: FleetPlan, seen: quotas.Amounts) -> dict[str, Figure]:
    main = fleet.sites[0]
    sent = [queue.nominal for queue in main.compute.queues]
    return {
        "queues_live": Figure(
            value=len(seen), unit="queues", objective=len(quotas.planned_queues(fleet))
        ),
        "lanes": Figure(value=len(main.compute.lanes), unit="lanes"),
        "cores_for_jobs": Figure(
            value=sum(amount.cpu_millis for amount in sent) / 1000, unit="cores"
        ),
    }
