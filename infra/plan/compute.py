"""Unified compute: one province's jobs, run wherever a branch has room.

The main center takes the province's jobs and runs none of them: a MultiKueue manager cannot be
its own worker. It sends them into lanes. A lane is what one queue may be dispatched over, and Kueue
0.12 allows ten clusters in it (`MultiKueueConfig.spec.clusters`, maxItems), so 13 branches need
two: those with an odd number in their division code and those with an even one. That depends on
the branch's own row alone, so a new branch moves no other.

At a branch two queues share what the tier tree sets aside for jobs: the province's and the
city's. Each may borrow what the other leaves idle and gets its own back by preemption. Counties and
schools have no queue: their share is their own, and a namespace's quota is wall enough.
"""

from __future__ import annotations

from infra.plan.errors import PlanError
from infra.plan.labels import POOL_LABEL
from infra.plan.namespaces import PROVINCE_NAMESPACE
from infra.plan.queues import ComputePlan, HubPlan, LanePlan, MemberPlan, QueuePlan
from province.platform import Tier
from province.province import Province
from province.sites import Purpose, Role, Site
from province.tiers import share_of, total

LANE_CLUSTERS_MAX = 10
LANES = ("lane-even", "lane-odd")
CLUSTER_SET = "branches"
_COHORT = "jobs"
_FLAVOR = "platform"
_ELSEWHERE = "elsewhere"
"""The main center's flavor: machines of the branches, so nothing here is chosen by it."""


def plan_compute(province: Province, site: Site) -> ComputePlan:
    """The site's queues. Raises PlanError when a lane has more branches than Kueue allows."""
    return _manager(province) if site.role is Role.MAIN else _worker(province, site)


def plan_hub(province: Province, site: Site) -> HubPlan | None:
    """The hub at the main center; None elsewhere."""
    if site.role is not Role.MAIN:
        return None
    return HubPlan(
        cluster_set=CLUSTER_SET,
        members=tuple(
            MemberPlan(cluster=branch.id, region=branch.prefecture) for branch in province.branches
        ),
        placement="jobs",
        namespace=PROVINCE_NAMESPACE,
    )


def lane_of(site: Site) -> str:
    """A branch's lane, by the number of its prefecture in the division code."""
    return LANES[int(site.code[2:4]) % len(LANES)]


def _worker(province: Province, site: Site) -> ComputePlan:
    ours, sent = share_of(province.tiers.city), share_of(province.tiers.province)
    city = Tier.CITY.value
    return ComputePlan(
        flavor=_FLAVOR,
        node_labels={POOL_LABEL: Purpose.PLATFORM.value},
        cohort=_COHORT,
        queues=(
            QueuePlan(name=city, namespace=city, door=_COHORT, nominal=ours, borrowed=sent),
            QueuePlan(
                name=PROVINCE_NAMESPACE,
                namespace=PROVINCE_NAMESPACE,
                door=lane_of(site),
                nominal=sent,
                borrowed=ours,
            ),
        ),
    )


def _manager(province: Province) -> ComputePlan:
    lanes = tuple(lane for lane in (_lane(province, name) for name in LANES) if lane.clusters)
    share = share_of(province.tiers.province)
    return ComputePlan(
        flavor=_ELSEWHERE,
        node_labels={},
        cohort=None,
        queues=tuple(
            QueuePlan(
                name=lane.name,
                namespace=PROVINCE_NAMESPACE,
                door=lane.name,
                nominal=total(share for _ in lane.clusters),
                lane=lane.name,
            )
            for lane in lanes
        ),
        lanes=lanes,
    )


def _lane(province: Province, name: str) -> LanePlan:
    clusters = tuple(branch.id for branch in province.branches if lane_of(branch) == name)
    if len(clusters) > LANE_CLUSTERS_MAX:
        raise PlanError(
            f"{name} has {len(clusters)} branches, and Kueue dispatches a queue over at most "
            f"{LANE_CLUSTERS_MAX}",
            "add a lane to infra.plan.compute.LANES",
        )
    return LanePlan(name=name, clusters=clusters)
