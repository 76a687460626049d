"""What makes the branches' clusters: Cluster API objects for the main site's cluster.

They are the stack `<environment>.fleet`, for they lie between sites: the main site's cluster
manages the branches'. The main cluster itself is there first (Cluster API calls it the management
cluster).
Every choice depends on the branch's own plan, so no branch's objects depend on another's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from infra.plan.errors import PlanError
from infra.plan.labels import FLEET, POOL_LABEL, RACK_LABEL, ZONE_LABEL
from infra.plan.values import (
    DualStack,
    FleetPlan,
    HostPlan,
    NamespacePlan,
    NodePlan,
    Quota,
    SitePlan,
)
from province.platform import Compute, Tier
from province.sites import Purpose, Role

NAMESPACE = "clusters"
API_PORT = 6443
NODE_SILENT_SECONDS_MAX = 300
"""A machine is replaced when its node has not been Ready for so long: longer than a reboot."""
NODE_STARTUP_SECONDS_MAX = 1800
"""Firmware, inspection and an image over the network take a bare machine some 20 minutes."""
_NO_PODS = Quota(
    cpu_millis=0,
    memory_mib=0,
    pods=0,
    container_default=Compute(cpu_millis=100, memory_mib=128),
)
_REHEARSAL_SECONDS_MAX = 420.0
"""14 control planes at once on a busy two-core machine have taken 60 s."""
_BARE_METAL_SECONDS_MAX = 7200.0


class Infrastructure(StrEnum):
    """What stands behind the Cluster API infrastructure provider."""

    METAL3 = "metal3"
    MACHINE_ROOM = "machine-room"


@dataclass(frozen=True, kw_only=True, slots=True)
class MachinePoolPlan:
    """`replicas` equal machines of one purpose. `labels` hold for each of its nodes."""

    name: str
    purpose: Purpose
    replicas: int
    cpu_cores: int
    memory_gib: int
    pods_max: int
    labels: dict[str, str]
    taint: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineHostPlan:
    """A physical machine that is known to be there; `labels` say its pool and place."""

    name: str
    labels: dict[str, str]
    host: HostPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterPlan:
    """One branch's cluster. `endpoint` is the address of its API server in production."""

    site: str
    kubernetes_version: str
    infrastructure: Infrastructure
    endpoint: str
    pods: DualStack
    services: DualStack
    control: MachinePoolPlan
    workers: tuple[MachinePoolPlan, ...]
    hosts: tuple[MachineHostPlan, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ClustersPlan:
    """The stack between the sites: every branch's cluster, in the main site's cluster.

    `management` is the main site's id; `ready_seconds_max` is how long all of it may take.
    """

    environment: str
    management: str
    namespace: NamespacePlan
    clusters: tuple[ClusterPlan, ...]
    ready_seconds_max: float
    site: str = FLEET

    @property
    def stack(self) -> str:
        """The name of the Pulumi stack that transcribes this plan."""
        return f"{self.environment}.{self.site}"


def plan_clusters(fleet: FleetPlan) -> ClustersPlan:
    """The branches' clusters. Raises PlanError when a site bears the stack's own name."""
    if any(plan.site == FLEET for plan in fleet.sites):
        raise PlanError(
            f"a site is called '{FLEET}', as the stack between the sites is",
            "give the site another id",
        )
    rehearsed = fleet.environment == "rehearsal"
    infrastructure = Infrastructure.MACHINE_ROOM if rehearsed else Infrastructure.METAL3
    return ClustersPlan(
        environment=fleet.environment,
        management=fleet.main.site,
        namespace=NamespacePlan(
            name=NAMESPACE, tier=Tier.PROVINCE, quota=_NO_PODS, service_accounts=()
        ),
        clusters=tuple(
            _cluster(plan, infrastructure) for plan in fleet.sites if plan.role is Role.BRANCH
        ),
        ready_seconds_max=_REHEARSAL_SECONDS_MAX if rehearsed else _BARE_METAL_SECONDS_MAX,
    )


def clusters_resources_count(plan: ClustersPlan) -> int:
    """Resources in the stack, components and Pulumi's own among them."""
    around, of_the_namespace = 3, 6
    return around + of_the_namespace + sum(_objects(cluster) for cluster in plan.clusters)


def _objects(cluster: ClusterPlan) -> int:
    # Component, Cluster, infrastructure, control plane, its template, two health checks.
    return 7 + 3 * len(cluster.workers) + len(cluster.hosts)


def _cluster(plan: SitePlan, infrastructure: Infrastructure) -> ClusterPlan:
    by_purpose = groupby(plan.nodes, key=lambda node: node.purpose)
    pools = [_pool(plan.site, purpose, tuple(nodes)) for purpose, nodes in by_purpose]
    return ClusterPlan(
        site=plan.site,
        kubernetes_version=plan.kubernetes_version,
        infrastructure=infrastructure,
        endpoint=str(plan.addresses.control_plane),
        pods=plan.addresses.pods,
        services=plan.addresses.services,
        control=next(pool for pool in pools if pool.purpose is Purpose.CONTROL),
        workers=tuple(pool for pool in pools if pool.purpose is not Purpose.CONTROL),
        hosts=tuple(
            MachineHostPlan(name=node.name, labels=dict(node.labels), host=node.host)
            for node in plan.nodes
            if node.host is not None
        ),
    )


def _pool(site: str, purpose: Purpose, nodes: tuple[NodePlan, ...]) -> MachinePoolPlan:
    """Zone and rack are the machines' own; the rest is the pool's."""
    first = nodes[0]
    places = (ZONE_LABEL, RACK_LABEL)
    return MachinePoolPlan(
        name=f"{site}-{first.labels[POOL_LABEL]}",
        purpose=purpose,
        replicas=len(nodes),
        cpu_cores=first.cpu_cores,
        memory_gib=first.memory_gib,
        pods_max=first.pods_max,
        labels={key: value for key, value in first.labels.items() if key not in places},
        taint=first.taint,
    )
