"""Describes a site's plan: what it gets, and why in that number.

Sentences for people, values for machines; both from the same summary.
"""

from __future__ import annotations

from collections import Counter

from infra.plan.capacity import (
    LinkSummary,
    StorageSummary,
    describe_links,
    describe_storage,
    link_lines,
    storage_lines,
)
from infra.plan.capacity import reasons as capacity_reasons
from infra.plan.copies import DataSummary, data_lines, describe_data
from infra.plan.rig import rig_requests
from infra.plan.values import AddressPlan, RigPlan, SitePlan, WorkloadPlan
from province.platform import Tier
from province.province import Province
from province.sites import Purpose, Role
from province.value import Value


class PoolSummary(Value):
    """The machines of one purpose: how many, and how large together."""

    purpose: Purpose
    nodes: int
    cpu_cores: int
    memory_gib: int
    zones: int


class WorkloadSummary(Value):
    """How many replicas a workload gets."""

    name: str
    namespace: str
    replicas: int
    replicas_max: int
    available_min: int
    cpu_cores: float
    memory_gib: float


class NamespaceSummary(Value):
    """What a tier's namespace may use. CPU in cores, memory in GiB, both as requested."""

    name: str
    tier: Tier
    cpu_cores: float
    memory_gib: float
    pods: int


class PlanSummary(Value):
    """What one site gets and why. `reasons` has a sentence for each choice that has a number."""

    site: str
    stack: str
    role: Role
    prefecture: str
    users_concurrent: int
    takeover_users: int
    hostname: str
    connections_max: int
    prefixes: dict[str, str]
    pools: tuple[PoolSummary, ...]
    namespaces: tuple[NamespaceSummary, ...]
    workloads: tuple[WorkloadSummary, ...]
    cpu_percent: float
    memory_percent: float
    links: tuple[LinkSummary, ...]
    storage: StorageSummary | None
    data: DataSummary | None
    reasons: tuple[str, ...]


def describe(plan: SitePlan, province: Province) -> PlanSummary:
    """The plan in short. `cpu_percent` and `memory_percent` are of the platform pool, requested.

    What the links carry and how the disks fill depends on other sites: that is the province's.
    """
    cpu, memory = _load_percent(plan)
    links, storage = describe_links(province, plan), describe_storage(province, plan)
    return PlanSummary(
        site=plan.site,
        stack=plan.stack,
        role=plan.role,
        prefecture=plan.prefecture,
        users_concurrent=plan.users_concurrent,
        takeover_users=plan.takeover_users,
        hostname=plan.gateway.hostname,
        connections_max=plan.gateway.connections_max,
        prefixes=_prefixes(plan.addresses),
        pools=_pools(plan),
        namespaces=_namespaces(plan),
        workloads=tuple(_workload(workload) for workload in plan.deployments),
        cpu_percent=cpu,
        memory_percent=memory,
        links=links,
        storage=storage,
        data=describe_data(plan.data) if plan.data else None,
        reasons=(*_reasons(plan, cpu, memory), *capacity_reasons(links, storage)),
    )


def text(summary: PlanSummary) -> str:
    """The summary as plain text, some thirty lines."""
    lines = [
        f"{summary.site} ({summary.role}, {summary.prefecture}) · stack {summary.stack}",
        f"  edge        https://{summary.hostname}, {summary.connections_max:,} connections",
        *(f"  {name:<11} {prefixes}" for name, prefixes in summary.prefixes.items()),
        *(
            f"  {pool.purpose:<11} {pool.nodes} nodes in {pool.zones} zones, "
            f"{pool.cpu_cores:,} cores, {pool.memory_gib:,} GiB"
            for pool in summary.pools
        ),
        *(
            f"  {w.namespace}/{w.name}: {w.replicas} replicas (to {w.replicas_max}, "
            f"never under {w.available_min}), {w.cpu_cores:g} cores, {w.memory_gib:g} GiB"
            for w in summary.workloads
        ),
        *link_lines(summary.links),
        *(storage_lines(summary.storage) if summary.storage else ()),
        *(data_lines(summary.data) if summary.data else ()),
        f"  namespaces  {', '.join(namespace.name for namespace in summary.namespaces)}",
        *(f"  because     {reason}" for reason in summary.reasons),
    ]
    return "\n".join(lines)


def _reasons(plan: SitePlan, cpu: float, memory: float) -> tuple[str, ...]:
    served = (
        f"{plan.users_concurrent:,} of the branches' users reach the main center too"
        if plan.role is Role.MAIN
        else f"{plan.users_concurrent:,} users of {plan.prefecture} at once"
    )
    return (
        served,
        f"every workload may grow for {plan.takeover_users:,} users of the site it backs up",
        f"replicas request {cpu:g} % of the platform pool's cores, {memory:g} % of its memory",
        *_rig_reasons(plan.rig),
    )


def _rig_reasons(rig: RigPlan | None) -> tuple[str, ...]:
    if rig is None:
        return ()
    cpu_millis, memory_mib = rig_requests(rig)
    size = f"{cpu_millis / 1000:g} cores, {memory_mib / 1024:.1f} GiB with its master"
    return (
        f"the load rig's {rig.workers} workers of {rig.users_each:,} users take {size} in a run",
        *(f"load rig, {line}" for line in rig.arithmetic),
    )


def _load_percent(plan: SitePlan) -> tuple[float, float]:
    pool = [node for node in plan.nodes if node.purpose is Purpose.PLATFORM]
    cpu = sum(w.replicas * w.requests.cpu_millis for w in plan.deployments) / 10
    memory = sum(w.replicas * w.requests.memory_mib for w in plan.deployments) / 10.24
    return (
        round(cpu / sum(node.cpu_cores for node in pool), 1),
        round(memory / sum(node.memory_gib for node in pool), 1),
    )


def _prefixes(addresses: AddressPlan) -> dict[str, str]:
    return {
        "nodes": str(addresses.nodes),
        "pods": str(addresses.pods),
        "services": str(addresses.services),
        "storage": str(addresses.storage),
        "management": str(addresses.management),
    }


def _pools(plan: SitePlan) -> tuple[PoolSummary, ...]:
    counts = Counter(node.purpose for node in plan.nodes)
    return tuple(_pool(plan, purpose, count) for purpose, count in counts.items())


def _pool(plan: SitePlan, purpose: Purpose, count: int) -> PoolSummary:
    nodes = [node for node in plan.nodes if node.purpose is purpose]
    return PoolSummary(
        purpose=purpose,
        nodes=count,
        cpu_cores=sum(node.cpu_cores for node in nodes),
        memory_gib=sum(node.memory_gib for node in nodes),
        zones=len({node.zone for node in nodes}),
    )


def _namespaces(plan: SitePlan) -> tuple[NamespaceSummary, ...]:
    return tuple(
        NamespaceSummary(
            name=namespace.name,
            tier=namespace.tier,
            cpu_cores=namespace.quota.cpu_millis / 1000,
            memory_gib=namespace.quota.memory_mib / 1024,
            pods=namespace.quota.pods,
        )
        for namespace in plan.namespaces
    )


def _workload(workload: WorkloadPlan) -> WorkloadSummary:
    return WorkloadSummary(
        name=workload.name,
        namespace=workload.namespace,
        replicas=workload.replicas,
        replicas_max=workload.replicas_max,
        available_min=workload.available_min,
        cpu_cores=workload.replicas * workload.requests.cpu_millis / 1000,
        memory_gib=workload.replicas * workload.requests.memory_mib / 1024,
    )
