"""The gate at the end of `up`: all that was asked for stands, or it is said what does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.fleet.ceph_readiness import missing_ceph
from infra.fleet.cluster import Cluster, cluster
from infra.fleet.clusters import missing_clusters
from infra.fleet.data_readiness import missing_data
from infra.fleet.errors import FleetError
from infra.plan.clusters import ClustersPlan
from infra.plan.values import SitePlan, WorkloadPlan
from province.value import Value

DEADLINE_SECONDS = 180.0
_LOOK_EVERY_SECONDS = 1.0
_REASONS_TOLD = 3


class Readiness(Value):
    """What the gate saw at its end. `missing` has a sentence for each thing that is not ready."""

    ready: bool
    seconds: float
    missing: tuple[str, ...] = ()


def await_ready(
    plan: SitePlan | ClustersPlan,
    kubeconfig: Path,
    *,
    deadline_seconds: float | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Readiness:
    """Looks until everything is ready, the deadline has passed, or `stopped` says so. Blocks.

    Without `deadline_seconds` it is the plan's own, or three minutes. Raises nothing: a cluster
    that does not answer is not ready, and that is the reason.
    """
    started = time.monotonic()
    own = plan.ready_seconds_max if isinstance(plan, ClustersPlan) else DEADLINE_SECONDS
    deadline = own if deadline_seconds is None else deadline_seconds
    while True:
        missing = missing_now(plan, kubeconfig)
        seconds = time.monotonic() - started
        if not missing or seconds >= deadline or stopped():
            return Readiness(ready=not missing, seconds=seconds, missing=missing)
        time.sleep(_LOOK_EVERY_SECONDS)


def missing_now(plan: SitePlan | ClustersPlan, kubeconfig: Path) -> tuple[str, ...]:
    """What is not as planned at this moment. A cluster that does not answer is the one reason."""
    try:
        if isinstance(plan, ClustersPlan):
            return missing_clusters(plan, kubeconfig)
        with cluster(plan, kubeconfig) as look:
            return missing_of(plan, look)
    except FleetError as error:
        return (error.cause,)


def missing_of(plan: SitePlan, look: Cluster) -> tuple[str, ...]:
    """A sentence for each planned thing that is not as planned yet."""
    return (
        *_missing_namespaces(plan, look.namespaces()),
        *_missing_workloads(plan, look),
        *_missing_budgets(plan, look.budgets()),
        *(missing_data(plan.data, look) if plan.data else ()),
        *(missing_ceph(plan.ceph, look) if plan.ceph else ()),
    )


def reasons_of(deployments: list[Any], pods: list[Any]) -> tuple[str, ...]:
    """Why pods of those Deployments are missing or wait: the first few reasons, each once."""
    reasons = (reason for deployment in deployments for reason in _reasons(deployment, pods))
    return tuple(dict.fromkeys(reasons))[:_REASONS_TOLD]


def _missing_namespaces(plan: SitePlan, found: list[Any]) -> list[str]:
    phases = {namespace.metadata.name: namespace.status.phase for namespace in found}
    return [
        f"Namespace {namespace.name}: {phases.get(namespace.name, 'is not there')}"
        for namespace in plan.namespaces
        if phases.get(namespace.name) != "Active"
    ]


def _missing_workloads(plan: SitePlan, look: Cluster) -> list[str]:
    found = {(d.metadata.namespace, d.metadata.name): d for d in look.deployments()}
    sentences = []
    for workload in plan.deployments:
        deployment = found.get((workload.namespace, workload.name))
        if deployment is None:
            sentences.append(f"Deployment {workload.namespace}/{workload.name}: is not there")
        elif not _is_available(workload, deployment):
            sentences.append(_told(workload, deployment, look))
    return sentences


def _is_available(workload: WorkloadPlan, deployment: Any) -> bool:  # noqa: ANN401 - no types
    """All replicas of the newest version run. The autoscaler may have made more than planned."""
    status, wanted = deployment.status, deployment.spec.replicas
    return bool(
        (status.observed_generation or 0) >= deployment.metadata.generation
        and wanted >= workload.replicas
        and (status.updated_replicas or 0) == wanted
        and (status.available_replicas or 0) == wanted
        and (status.replicas or 0) == wanted
    )


def _told(workload: WorkloadPlan, deployment: Any, look: Cluster) -> str:  # noqa: ANN401 - no types
    available = deployment.status.available_replicas or 0
    reasons = _reasons(deployment, look.pods(workload.namespace))
    said = f": {'; '.join(reasons)}" if reasons else ""
    return (
        f"Deployment {workload.namespace}/{workload.name}: "
        f"{available} of {deployment.spec.replicas} replicas available{said}"
    )


def _reasons(deployment: Any, pods: list[Any]) -> list[str]:  # noqa: ANN401 - no types
    """Why pods are missing or wait, each reason once."""
    failures = [
        condition.message
        for condition in deployment.status.conditions or ()
        if condition.type == "ReplicaFailure" and condition.status == "True"
    ]
    selector = deployment.spec.selector.match_labels.items()
    waiting = [
        reason
        for pod in pods
        if selector <= (pod.metadata.labels or {}).items()
        for reason in _waits_for(pod)
    ]
    return list(dict.fromkeys([*failures, *waiting]))[:_REASONS_TOLD]


def _waits_for(pod: Any) -> list[str]:  # noqa: ANN401 - no types
    unscheduled = [
        f"{condition.reason}: {condition.message}"
        for condition in pod.status.conditions or ()
        if condition.type == "PodScheduled" and condition.status == "False"
    ]
    containers = [
        f"{status.state.waiting.reason}: {status.state.waiting.message or status.image}"
        for status in pod.status.container_statuses or ()
        if status.state is not None and status.state.waiting is not None
    ]
    return unscheduled + containers


def _missing_budgets(plan: SitePlan, found: list[Any]) -> list[str]:
    by_name = {(b.metadata.namespace, b.metadata.name): b.status for b in found}
    sentences = []
    for workload in plan.deployments:
        status = by_name.get((workload.namespace, workload.name))
        name = f"PodDisruptionBudget {workload.namespace}/{workload.name}"
        if status is None:
            sentences.append(f"{name}: is not there")
        elif not status.desired_healthy or status.current_healthy < status.desired_healthy:
            sentences.append(
                f"{name}: {status.current_healthy} healthy of {status.desired_healthy} needed"
            )
    return sentences
