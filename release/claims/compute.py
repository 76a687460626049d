"""Claim `compute`: computing resources are allocated and managed as one.

Judged is that queues stand live with quotas that add up over all sites, and that a batch of jobs,
sent through one of them by Kueue's own controllers, ran at several sites, came back, and never had
more than the quota.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence.figure import ClaimVerdict, Figure
from evidence.records import BatchRecord, QuotaRecord
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

READS = (QuotaRecord, BatchRecord)
SITES_MIN = 2
"""Fewer are not `across sites`."""


def judge_compute(evidence: Gathered) -> ClaimVerdict:
    """Sums of the lanes, each live queue, and the last batch that was sent."""
    seen = quotas.live(evidence.of(QuotaRecord), "ClusterQueue")
    batches = evidence.of(BatchRecord)
    grounds, figures = [no_evidence("compute")], dict[str, Figure]()
    if seen:
        try:
            fleet = quotas.planned_fleet(evidence)
            grounds = [*_of_queues(fleet, seen), *_of_batches(seen, batches)]
            figures = {**_figures(fleet, seen), **_figures_of_batch(batches)}
        except PlanError as error:
            grounds = [unknown(f"the kept province cannot be planned any more: {error.cause}")]
    return conclude(
        evidence,
        Case(
            claim="compute",
            reads=READS,
            grounds=grounds,
            kept=_kept(batches),
            figures=figures,
        ),
    )


def _kept(batches: Sequence[BatchRecord]) -> str:
    if not batches:
        return ""
    batch = batches[-1]
    sites = sum(count > 0 for count in batch.landed.values())
    return (
        f"{batch.completed} jobs of {batch.pods} pods in all, sent through the one queue "
        f"{batch.queue} by Kueue's own controllers, ran at {sites} of its {len(batch.sites)} sites "
        f"and came back; no more than {batch.cpu_millis_reserved_max / 1000:g} of its "
        f"{batch.cpu_millis_quota / 1000:g} cores were ever given out, and a job larger than the "
        f"queue was held back"
    )


def _of_queues(fleet: FleetPlan, seen: quotas.Amounts) -> Iterator[Ground]:
    yield from quotas.differences(quotas.planned_queues(fleet), seen, "queue")
    short = list(_short(fleet, seen))
    if short:
        yield failed(f"more may be sent than its branches take: {some(short)}")


def _of_batches(seen: quotas.Amounts, batches: Sequence[BatchRecord]) -> Iterator[Ground]:
    if not batches:
        yield unknown(
            f"{len(seen)} queues at {len({site for site, _ in seen})} sites stand as planned, and "
            f"what is sent is never more than what is taken; that jobs land by them has "
            f"{NO_EVIDENCE}"
        )
        return
    batch = batches[-1]
    if batch.error is not None:
        yield unknown(f"the batch of jobs broke off: {batch.error}")
        return
    yield from _of_landing(batch)
    yield from _of_quota(batch)
    if not batch.cleared:
        yield unknown("what was left of the batch did not go away")


def _of_landing(batch: BatchRecord) -> Iterator[Ground]:
    ran, sites = sum(batch.landed.values()), sum(n > 0 for n in batch.landed.values())
    if batch.completed < batch.jobs:
        yield failed(
            f"{batch.jobs - batch.completed} of {batch.jobs} jobs did not come back complete in "
            f"{batch.batch_seconds:.0f} s"
        )
    if ran > batch.jobs:
        yield failed(f"{batch.jobs} jobs were sent, and {ran} ran: some ran twice")
    if ran < batch.completed:
        yield unknown(f"where {batch.completed - ran} of {batch.completed} jobs ran, nobody saw")
    elif sites < SITES_MIN:
        yield failed(f"all jobs ran at {sites} of {len(batch.sites)} sites")


def _of_quota(batch: BatchRecord) -> Iterator[Ground]:
    given, quota = batch.cpu_millis_reserved_max, batch.cpu_millis_quota
    if given > quota:
        yield failed(
            f"{batch.queue} gave out {given / 1000:g} cores, and its quota is {quota / 1000:g}"
        )
    if not given:
        yield unknown(f"no job was seen to have quota of {batch.queue}")
    if batch.refusal is None:
        yield failed(f"a job larger than the whole of {batch.queue} was not held back")


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


def _figures_of_batch(batches: Sequence[BatchRecord]) -> dict[str, Figure]:
    if not batches or batches[-1].error is not None:
        return {}
    batch = batches[-1]
    return {
        "jobs_completed": Figure(value=batch.completed, unit="jobs", objective=batch.jobs),
        "sites_landed": Figure(
            value=sum(count > 0 for count in batch.landed.values()),
            unit="sites",
            objective=SITES_MIN,
        ),
        "cores_given_out_max": Figure(
            value=batch.cpu_millis_reserved_max / 1000,
            unit="cores",
            objective=batch.cpu_millis_quota / 1000,
        ),
        "jobs_waiting_max": Figure(value=batch.waiting_max, unit="jobs"),
        "batch_seconds": Figure(value=batch.batch_seconds, unit="s"),
    }
