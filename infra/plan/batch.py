"""The batch of jobs by which unified compute is tried: sized so that no branch can take it alone.

Each job asks for all that the province has of its own at one branch, so the queue admits as many
at once as it has branches; twice as many are sent. Meanwhile a job of each city's own takes what
the city has, so that the province's jobs can borrow nothing there. One more job asks for a pod more
than the queue has in all: it must wait for ever.
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.plan.errors import PlanError
from infra.plan.namespaces import TENANT_ACCOUNT
from infra.plan.queues import LanePlan, QueuePlan
from infra.plan.values import FleetPlan, SitePlan
from province.platform import Compute

ROUNDS = 2
PODS_A_JOB = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class CityJobPlan:
    """A job of one pod after the other that keeps all that a city has for jobs of its own."""

    site: str
    queue: str
    namespace: str
    pod: Compute
    image: str
    service_account: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchPlan:
    """`jobs` of `pods_each` pods, and one of `pods_too_many`, for one queue of the main center.

    `clusters` are the branches behind the queue, `cpu_millis_quota` is what it may give out.
    """

    queue: str
    namespace: str
    clusters: tuple[str, ...]
    cpu_millis_quota: int
    jobs: int
    pods_each: int
    pods_too_many: int
    pod: Compute
    image: str
    service_account: str
    city_jobs: tuple[CityJobPlan, ...]


def plan_batch(fleet: FleetPlan) -> BatchPlan:
    """For the lane with the most branches. Raises PlanError where there is none."""
    main = fleet.sites[0]
    lane = max(main.compute.lanes, key=lambda lane: len(lane.clusters), default=None)
    if lane is None:
        raise PlanError("no queue of the main center leads anywhere", "give the province a branch")
    queue = next(queue for queue in main.compute.queues if queue.lane == lane.name)
    share = min((end.nominal for end in _ends(fleet, lane)), key=lambda amount: amount.cpu_millis)
    pod = Compute(
        cpu_millis=share.cpu_millis // PODS_A_JOB, memory_mib=share.memory_mib // PODS_A_JOB
    )
    return BatchPlan(
        queue=lane.name,
        namespace=queue.namespace,
        clusters=lane.clusters,
        cpu_millis_quota=queue.nominal.cpu_millis,
        jobs=ROUNDS * len(lane.clusters),
        pods_each=PODS_A_JOB,
        pods_too_many=queue.nominal.cpu_millis // pod.cpu_millis + 1,
        pod=pod,
        image=main.workloads[0].image,
        service_account=TENANT_ACCOUNT,
        city_jobs=tuple(_city_job(fleet.site(cluster), lane) for cluster in lane.clusters),
    )


def _city_job(plan: SitePlan, lane: LanePlan) -> CityJobPlan:
    """In the branch's other queue, as one of the city's own programs."""
    own = next(queue for queue in plan.compute.queues if queue.door != lane.name)
    program = next(one for one in plan.workloads if one.namespace == own.namespace)
    return CityJobPlan(
        site=plan.site,
        queue=own.door,
        namespace=own.namespace,
        pod=Compute(cpu_millis=own.nominal.cpu_millis, memory_mib=own.nominal.memory_mib),
        image=program.image,
        service_account=program.service_account,
    )


def _ends(fleet: FleetPlan, lane: LanePlan) -> tuple[QueuePlan, ...]:
    return tuple(
        queue
        for cluster in lane.clusters
        for queue in fleet.site(cluster).compute.queues
        if queue.door == lane.name
    )
