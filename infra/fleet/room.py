"""How much room a cluster has left, from its live objects: pods, nodes, quotas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kubernetes.utils import parse_quantity

from infra.fleet.cluster import Cluster
from infra.fleet.readiness import reasons_of
from infra.plan.labels import SITE_LABEL, WORKLOAD_LABEL
from infra.plan.values import SitePlan
from province.sites import Purpose

_SIMULATED = "kwok.x-k8s.io/node"
"""KWOK plays the nodes that bear this annotation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """The platform's pods of one site, and what they and all others leave free.

    Ratios are shares of the platform pool, as requested, and of the scarcest quota.
    `reasons` say why pods wait for a node or were never made.
    """

    pods: int
    bound: int
    reasons: tuple[str, ...]
    cpu_free_ratio: float
    memory_free_ratio: float
    quota_free_ratio: float
    nodes: int
    nodes_simulated: bool


def room_of(plan: SitePlan, look: Cluster) -> Room:
    """Looks once. Raises FleetError, by `cluster`, when the API server does not answer."""
    everything = look.all_pods()
    ours = [pod for pod in everything if _is_platform(plan, pod)]
    nodes = look.nodes(Purpose.PLATFORM.value)
    names = {node.metadata.name for node in nodes}
    there = [pod for pod in everything if pod.spec.node_name in names]
    return Room(
        pods=len(ours),
        bound=sum(pod.spec.node_name is not None for pod in ours),
        reasons=reasons_of(look.deployments(), ours),
        cpu_free_ratio=_free(_requested(there, "cpu"), _allocatable(nodes, "cpu")),
        memory_free_ratio=_free(_requested(there, "memory"), _allocatable(nodes, "memory")),
        quota_free_ratio=_scarcest(plan, look),
        nodes=len(nodes),
        nodes_simulated=any(_SIMULATED in (n.metadata.annotations or {}) for n in nodes),
    )


def _is_platform(plan: SitePlan, pod: Any) -> bool:  # noqa: ANN401 - a client without types
    labels = pod.metadata.labels or {}
    names = {(workload.namespace, workload.name) for workload in plan.workloads}
    ours = labels.get(SITE_LABEL) == plan.site
    return ours and (pod.metadata.namespace, labels.get(WORKLOAD_LABEL)) in names


def _requested(pods: Iterable[Any], resource: str) -> float:
    """All containers' requests together, in cores or bytes."""
    asked = (
        ((container.resources and container.resources.requests) or {}).get(resource, 0)
        for pod in pods
        for container in pod.spec.containers
    )
    return float(sum(parse_quantity(quantity) for quantity in asked))


def _allocatable(nodes: Iterable[Any], resource: str) -> float:
    return float(sum(parse_quantity(node.status.allocatable[resource]) for node in nodes))


def _scarcest(plan: SitePlan, look: Cluster) -> float:
    """The smallest free share of any quota in the namespaces where the platform runs."""
    namespaces = {workload.namespace for workload in plan.workloads}
    return min(
        (
            _free(float(parse_quantity(used)), float(parse_quantity(quota.status.hard[resource])))
            for quota in look.quotas()
            if quota.metadata.namespace in namespaces
            for resource, used in (quota.status.used or {}).items()
        ),
        default=1.0,
    )


def _free(used: float, whole: float) -> float:
    return 1 - used / whole if whole else 0.0
