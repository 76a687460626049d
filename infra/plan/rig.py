"""The load rig: how many Locust workers stand ready at the main site, and how large each is.

Sized from the generator's measured cost card for all users that the province promises, over TLS.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from infra.plan.errors import PlanError
from infra.plan.namespaces import CONTAINER_DEFAULT
from infra.plan.values import DualStack, NamespacePlan, NodePlan, Quota, RigPlan, WorkloadPlan
from infra.plan.workloads import plan_priorities
from province.load_cost import CostCard, demand, kept_card, need, worker_cores, worker_mib
from province.platform import Compute, Tier
from province.province import Province
from province.sites import Purpose, Role, Site
from province.tiers import Amount, TierQuota

RIG_NAMESPACE = "load-rig"
MASTER, WORKER = "load-master", "load-worker"
"""Names of the two Jobs, and of their service accounts."""
MASTER_PORT = 5557
"""Locust's own, for its workers."""
MASTER_REQUESTS = Compute(cpu_millis=500, memory_mib=512)
MASTER_LIMITS = Compute(cpu_millis=1000, memory_mib=1024)
"""Planning: one report a second from each worker is all that it handles."""
_CORE_MILLIS = 1000
"""A worker is one thread: it cannot use more than a core."""
_MEMORY_LIMIT_FACTOR = 1.5
"""Over what users at rest hold: handshakes under way at once leave holes between what stays."""


def plan_rig(province: Province, site: Site, card: CostCard | None = None) -> RigPlan | None:
    """The rig of that site: the main one's, where the province has a rig; by the kept card."""
    if site.role is not Role.MAIN or province.load_rig is None:
        return None
    cost = (card or kept_card()).tls
    wanted = demand(province.objectives.users_concurrent_min)
    needed = need(cost, wanted)
    users_each = math.ceil(wanted.users / needed.workers)
    memory_mib = math.ceil(worker_mib(cost, users_each))
    return RigPlan(
        namespace=RIG_NAMESPACE,
        tier=Tier.PROVINCE,
        image=province.load_rig.image,
        port=MASTER_PORT,
        workers=needed.workers,
        users_each=users_each,
        master_requests=MASTER_REQUESTS,
        master_limits=MASTER_LIMITS,
        worker_requests=Compute(
            cpu_millis=min(_CORE_MILLIS, math.ceil(1000 * worker_cores(cost, wanted))),
            memory_mib=memory_mib,
        ),
        worker_limits=Compute(
            cpu_millis=_CORE_MILLIS, memory_mib=math.ceil(memory_mib * _MEMORY_LIMIT_FACTOR)
        ),
        priority_class=min(plan_priorities(), key=lambda priority: priority.value).name,
        arithmetic=needed.arithmetic,
    )


def plan_rig_namespaces(province: Province, rig: RigPlan | None) -> tuple[NamespacePlan, ...]:
    """The rig's namespace: bounded by what it needs, and able to reach every site's edge."""
    if rig is None:
        return ()
    cpu, memory = rig_requests(rig)
    return (
        NamespacePlan(
            name=rig.namespace,
            tier=rig.tier,
            quota=Quota(
                cpu_millis=cpu,
                memory_mib=memory,
                pods=rig.workers + 1,
                container_default=CONTAINER_DEFAULT,
            ),
            service_accounts=(MASTER, WORKER),
            ingress_namespaces=(rig.namespace,),
            egress_namespaces=(rig.namespace,),
            egress_prefixes=(
                DualStack(ipv4=province.addressing.ipv4, ipv6=province.addressing.ipv6),
            ),
        ),
    )


def require_rig_room(
    site: Site, rig: RigPlan | None, workloads: Sequence[WorkloadPlan], nodes: Sequence[NodePlan]
) -> None:
    """Raises PlanError when the platform pool cannot hold the rig beside the workloads."""
    if rig is None:
        return
    pool = [node for node in nodes if node.purpose is Purpose.PLATFORM]
    free_millis = sum(1000 * node.cpu_cores for node in pool) - sum(
        w.replicas * w.requests.cpu_millis for w in workloads
    )
    free_mib = sum(1024 * node.memory_gib for node in pool) - sum(
        w.replicas * w.requests.memory_mib for w in workloads
    )
    cpu_millis, memory_mib = rig_requests(rig)
    if cpu_millis > free_millis or memory_mib > free_mib:
        raise PlanError(
            f"{site.id}: the load rig needs {cpu_millis / 1000:g} cores and {memory_mib:,} MiB, "
            f"the platform leaves {free_millis / 1000:g} and {free_mib:,}",
            "add platform nodes to the site, or take load_rig out of stacks/province.yaml",
        )


def with_rig(tree: TierQuota, rig: RigPlan | None) -> TierQuota:
    """The main center's part of the tier tree with the rig among its services."""
    if rig is None:
        return tree
    cpu_millis, memory_mib = rig_requests(rig)
    amount = Amount(cpu_millis=cpu_millis, memory_mib=memory_mib, pods=rig.workers + 1)
    return dataclasses.replace(tree, services=tree.services + amount)


def rig_requests(rig: RigPlan) -> tuple[int, int]:
    """What master and workers request together: CPU in thousandths of a core, memory in MiB."""
    worker, master = rig.worker_requests, rig.master_requests
    return (
        master.cpu_millis + rig.workers * worker.cpu_millis,
        master.memory_mib + rig.workers * worker.memory_mib,
    )
