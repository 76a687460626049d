"""What was seen of one branch's Cluster API objects, as values: the JSON ends here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from infra.plan.cluster_objects import CLUSTER_LABEL
from rehearsal.machine_room.api import Answer

OwnerKind = Literal["KubeadmControlPlane", "MachineDeployment"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """A machine as its template says."""

    pool: str
    cpu_cores: int
    memory_gib: int
    pods_max: int
    labels: Mapping[str, str]
    taint: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Whoever wants machines: a control plane or a deployment. `size` is None until it is known."""

    kind: OwnerKind
    name: str
    uid: str
    generation: int
    replicas: int
    version: str
    labels: Mapping[str, str]
    template: str
    size: Size | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """A Machine. Its name is its host's and its node's."""

    name: str
    uid: str
    owner_uid: str
    labels: Mapping[str, str]
    deleting: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeCondition:
    """A node's condition; `since` is when it last changed, in seconds since the epoch."""

    type: str
    status: str
    since: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A node of the branch's own cluster."""

    name: str
    conditions: tuple[NodeCondition, ...]

    @property
    def is_ready(self) -> bool:
        """Whether pods can go to it."""
        return any(c.type == "Ready" and c.status == "True" for c in self.conditions)


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthCheck:
    """When a machine is to be replaced. `at_most` is how many may be unhealthy at a time for that.

    `conditions` are (type, status, seconds).
    """

    name: str
    generation: int
    selector: tuple[Mapping[str, object], ...]
    conditions: tuple[tuple[str, str, float], ...]
    at_most: int | str

    def covers(self, machine: Machine) -> bool:
        """Whether it looks after that machine."""
        return all(_matches(term, machine.labels) for term in self.selector)


def owner(item: Answer, templates: Mapping[str, Answer]) -> Owner:
    """A control plane or a deployment; `templates` are the machine room's, by name."""
    spec = item["spec"]
    kind: OwnerKind = item["kind"]
    inner = spec["template"]["spec"] if kind == "MachineDeployment" else spec
    template = inner if kind == "MachineDeployment" else spec["machineTemplate"]["spec"]
    part = spec["template" if kind == "MachineDeployment" else "machineTemplate"]
    name = template["infrastructureRef"]["name"]
    return Owner(
        kind=kind,
        name=item["metadata"]["name"],
        uid=item["metadata"]["uid"],
        generation=item["metadata"]["generation"],
        replicas=spec.get("replicas", 1),
        version=inner.get("version", ""),
        labels=part.get("metadata", {}).get("labels", {}),
        template=name,
        size=_size(templates[name]) if name in templates else None,
    )


def machine(item: Answer) -> Machine:
    """A Machine of ours."""
    metadata = item["metadata"]
    return Machine(
        name=metadata["name"],
        uid=metadata["uid"],
        owner_uid=next((o["uid"] for o in metadata.get("ownerReferences", ())), ""),
        labels=metadata.get("labels", {}),
        deleting="deletionTimestamp" in metadata,
    )


def node(item: Answer) -> Node:
    """A Node of a branch."""
    conditions = item.get("status", {}).get("conditions", ())
    return Node(
        name=item["metadata"]["name"],
        conditions=tuple(
            NodeCondition(
                type=c["type"], status=c["status"], since=_seconds(c["lastTransitionTime"])
            )
            for c in conditions
        ),
    )


def health_check(item: Answer) -> HealthCheck:
    """A MachineHealthCheck."""
    spec = item["spec"]
    equal = [
        {"key": key, "operator": "In", "values": [value]}
        for key, value in spec["selector"].get("matchLabels", {}).items()
    ]
    terms = (*equal, *spec["selector"].get("matchExpressions", ()))
    conditions = spec.get("checks", {}).get("unhealthyNodeConditions", ())
    trigger = spec.get("remediation", {}).get("triggerIf", {})
    return HealthCheck(
        name=item["metadata"]["name"],
        generation=item["metadata"]["generation"],
        selector=terms,
        conditions=tuple((c["type"], c["status"], c["timeoutSeconds"]) for c in conditions),
        at_most=trigger.get("unhealthyLessThanOrEqualTo", "100%"),
    )


def of_cluster(items: Iterable[Answer], cluster: str) -> list[Answer]:
    """Those of the objects that are that cluster's."""
    return [i for i in items if i["metadata"].get("labels", {}).get(CLUSTER_LABEL) == cluster]


def _size(template: Answer) -> Size:
    spec = template["spec"]["template"]["spec"]
    return Size(
        pool=spec["pool"],
        cpu_cores=spec["cpuCores"],
        memory_gib=spec["memoryGiB"],
        pods_max=spec["podsMax"],
        labels=spec.get("labels", {}),
        taint=spec.get("taint"),
    )


def _matches(term: Mapping[str, object], labels: Mapping[str, str]) -> bool:
    """One term of a label selector."""
    key, values = str(term["key"]), term.get("values") or ()
    assert isinstance(values, list | tuple)  # noqa: S101 - as the API server has checked
    match term["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()
