"""The status of each Cluster API object, as contract v1beta2 has it.

Conditions and their reasons are those of sigs.k8s.io/cluster-api v1.12.0 (`api/core/v1beta2`,
`api/controlplane/kubeadm/v1beta2`). A status is made whole from what is known; the time of a
condition's last change is kept while its status stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.plan.cluster_objects import CLUSTER_LABEL
from infra.plan.labels import POOL_LABEL
from rehearsal.clusters.machines import Health
from rehearsal.clusters.seen import HealthCheck, Owner
from rehearsal.machine_room.api import Answer

_Reasons = tuple[str, str]
_AVAILABLE: _Reasons = ("Available", "NotAvailable")
_READY: _Reasons = ("Ready", "NotReady")


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """Machines of one owner: wanted, there, and with a node that is Ready."""

    wanted: int
    there: int
    ready: int

    @property
    def is_whole(self) -> bool:
        """Whether all that are wanted are ready and no other is there."""
        return self.wanted == self.there == self.ready


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterCount:
    """A cluster: whether its control plane answers, and its machines of both kinds.

    `refused` says why the machine room will not boot it, if that is so.
    """

    initialized: bool
    control: Count
    workers: Count
    deleting: bool = False
    refused: str = ""

    @property
    def is_available(self) -> bool:
        """Whether everything that was asked for is there."""
        return self.initialized and self.control.is_whole and self.workers.is_whole


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """The time of a turn, in seconds since the epoch."""

    now: float

    def text(self) -> str:
        """As Kubernetes writes it."""
        return datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def total(counts: Sequence[Count]) -> Count:
    """The counts of several owners together."""
    return Count(
        wanted=sum(count.wanted for count in counts),
        there=sum(count.there for count in counts),
        ready=sum(count.ready for count in counts),
    )


def cluster_status(item: Answer, seen: ClusterCount, clock: Clock) -> Answer:
    """A Cluster's."""
    control, workers = seen.control, seen.workers
    said = _Conditions(item, clock)
    said.add("Available", _AVAILABLE, holds=seen.is_available, message=_told(seen))
    said.add("InfrastructureReady", _READY, holds=seen.initialized, message=seen.refused)
    said.add("ControlPlaneInitialized", ("Initialized", "NotInitialized"), holds=seen.initialized)
    said.add("ControlPlaneAvailable", _AVAILABLE, holds=control.is_whole)
    said.add("WorkersAvailable", _AVAILABLE, holds=workers.is_whole)
    said.add("RemoteConnectionProbe", ("ProbeSucceeded", "ProbeFailed"), holds=seen.initialized)
    said.add("Deleting", ("Deleting", "NotDeleting"), holds=seen.deleting)
    phase = "Deleting" if seen.deleting else "Provisioned" if seen.initialized else "Provisioning"
    return {
        "initialization": {
            "infrastructureProvisioned": seen.initialized,
            "controlPlaneInitialized": seen.initialized,
        },
        "controlPlane": {"desiredReplicas": control.wanted, **_replicas(control)},
        "workers": {"desiredReplicas": workers.wanted, **_replicas(workers)},
        "phase": phase,
        "observedGeneration": item["metadata"]["generation"],
        "conditions": said.all,
    }


def infrastructure_status(item: Answer, *, provisioned: bool, clock: Clock) -> Answer:
    """A MachineRoomCluster's."""
    said = _Conditions(item, clock)
    said.add("Ready", _READY, holds=provisioned)
    return {"initialization": {"provisioned": provisioned}, "conditions": said.all}


def owner_status(
    item: Answer, owner: Owner, count: Count, *, initialized: bool, clock: Clock
) -> Answer:
    """A KubeadmControlPlane's or a MachineDeployment's."""
    said = _Conditions(item, clock)
    said.add("Available", _AVAILABLE, holds=count.is_whole, message=_short(count))
    selector = ",".join(f"{key}={owner.labels.get(key, '')}" for key in (CLUSTER_LABEL, POOL_LABEL))
    status = {
        **_replicas(count),
        "selector": selector,
        "observedGeneration": owner.generation,
    }
    if owner.kind == "KubeadmControlPlane":
        said.add("Initialized", ("Initialized", "NotInitialized"), holds=initialized)
        initialization = {"controlPlaneInitialized": initialized}
        status |= {"initialization": initialization, "version": owner.version}
    else:
        status["phase"] = _phase(count)
    return {**status, "conditions": said.all}


def machine_status(item: Answer, *, ready: bool, clock: Clock) -> Answer:
    """A Machine's. `nodeRef` names the node once it is there and Ready."""
    said = _Conditions(item, clock)
    said.add("Available", _AVAILABLE, holds=ready)
    said.add("Ready", _READY, holds=ready)
    said.add("InfrastructureReady", _READY, holds=True)
    said.add("NodeReady", ("NodeReady", "NodeNotReady"), holds=ready)
    deleting = "deletionTimestamp" in item["metadata"]
    return {
        "initialization": {
            "infrastructureProvisioned": True,
            "bootstrapDataSecretCreated": True,
        },
        "phase": "Deleting" if deleting else "Running" if ready else "Provisioned",
        "observedGeneration": item["metadata"]["generation"],
        "conditions": said.all,
        **({"nodeRef": {"name": item["metadata"]["name"]}} if ready else {}),
    }


def health_status(item: Answer, check: HealthCheck, seen: Health, clock: Clock) -> Answer:
    """A MachineHealthCheck's."""
    said = _Conditions(item, clock)
    allowed = seen.allowed > 0 or bool(seen.replace) or seen.healthy == len(seen.expected)
    said.add("RemediationAllowed", ("RemediationAllowed", "TooManyUnhealthy"), holds=allowed)
    return {
        "expectedMachines": len(seen.expected),
        "currentHealthy": seen.healthy,
        "remediationsAllowed": seen.allowed,
        "targets": list(seen.expected),
        "observedGeneration": check.generation,
        "conditions": said.all,
    }


class _Conditions:
    """An object's conditions, made anew."""

    def __init__(self, item: Answer, clock: Clock) -> None:
        before = item.get("status", {}).get("conditions", ())
        self._before = {condition["type"]: condition for condition in before}
        self._clock = clock
        self.all: list[Answer] = []

    def add(self, kind: str, reasons: _Reasons, *, holds: bool, message: str = "") -> None:
        """A condition: the first reason where it holds, the second and the message where not."""
        status = "True" if holds else "False"
        before = self._before.get(kind, {})
        changed = before.get("status") != status
        self.all.append(
            {
                "type": kind,
                "status": status,
                "reason": reasons[0] if holds else reasons[1],
                "message": "" if holds else message,
                "lastTransitionTime": self._clock.text()
                if changed
                else before["lastTransitionTime"],
            }
        )


def _replicas(count: Count) -> dict[str, int]:
    return {
        "replicas": count.there,
        "readyReplicas": count.ready,
        "availableReplicas": count.ready,
        "upToDateReplicas": count.there,
    }


def _phase(count: Count) -> str:
    if count.there < count.wanted:
        return "ScalingUp"
    return "ScalingDown" if count.there > count.wanted else "Running"


def _short(count: Count) -> str:
    return f"{count.ready} of {count.wanted} machines are ready"


def _told(seen: ClusterCount) -> str:
    if not seen.initialized:
        return seen.refused or "the control plane is not initialized"
    return f"control plane: {_short(seen.control)}; workers: {_short(seen.workers)}"
