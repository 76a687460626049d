"""Sizes the platform's workloads for the people that a site serves."""

from __future__ import annotations

from infra.plan.errors import PlanError
from infra.plan.nodes import site_tier
from infra.plan.values import NodePlan, PriorityPlan, WorkloadPlan
from province.platform import Platform, Tier, Workload
from province.sites import Purpose, Role, Site

CPU_TARGET_PERCENT = 60
"""The autoscaler's target: a partner's users arrive before new replicas have started."""
_DISRUPTED_SHARE_MAX = 4
"""At most one replica in four is away at once for planned work (and always at least one may be)."""
_PRIORITIES = {
    Tier.PROVINCE: 400_000,
    Tier.CITY: 300_000,
    Tier.COUNTY: 200_000,
    Tier.SCHOOL: 100_000,
}
"""A wider tier serves more people, so it is the last to be evicted. All above 0, the default."""


def workload_namespace(role: Role) -> str:
    """The namespace of a site's platform: the tier that the site belongs to."""
    return site_tier(role).value


def plan_priorities() -> tuple[PriorityPlan, ...]:
    """One priority class for each tier."""
    return tuple(PriorityPlan(name=priority_of(tier), value=_PRIORITIES[tier]) for tier in Tier)


def plan_workloads(platform: Platform, site: Site) -> tuple[WorkloadPlan, ...]:
    """Every workload of the platform runs at every site; only the replicas differ.

    It may grow to what its own users and those of the site that it backs up need.
    """
    return tuple(_plan(workload, site) for workload in platform.workloads)


def require_room(
    site: Site, workloads: tuple[WorkloadPlan, ...], nodes: tuple[NodePlan, ...]
) -> None:
    """Raises PlanError when the pool cannot hold the replicas, a failed site's users counted."""
    pool = [node for node in nodes if node.purpose is Purpose.PLATFORM]
    asked = {
        "cores": sum(w.replicas_max * w.requests.cpu_millis for w in workloads) / 1000,
        "GiB": sum(w.replicas_max * w.requests.memory_mib for w in workloads) / 1024,
        "pods": sum(w.replicas_max for w in workloads),
    }
    there = {
        "cores": sum(node.cpu_cores for node in pool),
        "GiB": sum(node.memory_gib for node in pool),
        "pods": sum(node.pods_max for node in pool),
    }
    for unit, needed in asked.items():
        if needed > there[unit]:
            raise PlanError(
                f"{site.id}: the platform needs {needed:g} {unit} for {site.users_at_most} users, "
                f"a failed site's among them; its platform pool has {there[unit]}",
                "add platform nodes to the site, or raise users_per_replica where measured",
            )


def _plan(workload: Workload, site: Site) -> WorkloadPlan:
    replicas = workload.replicas(site.users_concurrent)
    return WorkloadPlan(
        name=workload.id,
        namespace=workload_namespace(site.role),
        tier=workload.tier,
        image=workload.image,
        port=workload.port,
        service_account=workload.id,
        replicas=replicas,
        replicas_max=workload.replicas(site.users_at_most),
        available_min=replicas - max(1, replicas // _DISRUPTED_SHARE_MAX),
        cpu_target_percent=CPU_TARGET_PERCENT,
        requests=workload.requests,
        limits=workload.limits,
        priority_class=priority_of(workload.tier),
        path_prefixes=workload.path_prefixes,
    )


def priority_of(tier: Tier) -> str:
    """The priority class of what belongs to that tier."""
    return f"suyun-{tier.value}"
