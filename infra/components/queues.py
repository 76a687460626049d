"""Kueue's objects at a site: flavor, cohort, queues with their doors, and lanes to other sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from infra.components.metadata import metadata
from infra.plan.queues import ComputePlan, LanePlan, QueuePlan
from province.tiers import Amount

_GROUP = "kueue.x-k8s.io"
_API = f"{_GROUP}/v1beta1"
_COHORT_API = f"{_GROUP}/v1alpha1"
_CONTROLLER = f"{_GROUP}/multikueue"
_RESOURCES = ("cpu", "memory", "pods")


class Queues(pulumi.ComponentResource):
    """A queue depends on what it names, so that it never stands inactive for the lack of it.

    The Secrets with the branches' kubeconfigs (`multikueue-<cluster>`) are not made here: whoever
    holds them puts them into Kueue's own namespace.
    """

    def __init__(
        self,
        plan: ComputePlan,
        labels: Mapping[str, str],
        namespaces: Mapping[str, Sequence[pulumi.Resource]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("suyun:compute:Queues", "queues", None, opts)
        self._plan = plan
        self._labels = labels
        self._namespaces = namespaces
        self._needs: list[pulumi.Resource] = [self._flavor()]
        if plan.cohort is not None:
            self._needs.append(self._object("Cohort", plan.cohort, {}, (), _COHORT_API))
        checks = {lane.name: self._lane(lane) for lane in plan.lanes}
        for queue in plan.queues:
            self._queue(queue, [checks[queue.lane]] if queue.lane else [])
        self.register_outputs({})

    def _flavor(self) -> pulumi.Resource:
        spec = {"nodeLabels": dict(self._plan.node_labels)} if self._plan.node_labels else {}
        return self._object("ResourceFlavor", self._plan.flavor, spec, ())

    def _lane(self, plan: LanePlan) -> pulumi.Resource:
        clusters = [self._cluster(name) for name in plan.clusters]
        config = self._object(
            "MultiKueueConfig", plan.name, {"clusters": list(plan.clusters)}, clusters
        )
        parameters = {"apiGroup": _GROUP, "kind": "MultiKueueConfig", "name": plan.name}
        spec = {"controllerName": _CONTROLLER, "parameters": parameters}
        return self._object("AdmissionCheck", plan.name, spec, [config])

    def _cluster(self, name: str) -> pulumi.Resource:
        kubeconfig = {"locationType": "Secret", "location": f"multikueue-{name}"}
        return self._object("MultiKueueCluster", name, {"kubeConfig": kubeconfig}, ())

    def _queue(self, plan: QueuePlan, checks: Sequence[pulumi.Resource]) -> None:
        spec: dict[str, Any] = {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": plan.namespace}},
            "queueingStrategy": "BestEffortFIFO",
            "preemption": {"reclaimWithinCohort": "Any", "withinClusterQueue": "LowerPriority"},
            "resourceGroups": [
                {
                    "coveredResources": list(_RESOURCES),
                    "flavors": [{"name": self._plan.flavor, "resources": _quotas(plan)}],
                }
            ],
        }
        if self._plan.cohort is not None:
            spec["cohort"] = self._plan.cohort
        if plan.lane is not None:
            spec["admissionChecks"] = [plan.lane]
        queue = self._object("ClusterQueue", plan.name, spec, [*self._needs, *checks])
        self._door(plan, queue)

    def _door(self, plan: QueuePlan, queue: pulumi.Resource) -> None:
        needs = self._namespaces[plan.namespace]
        CustomResource(
            f"{plan.namespace}/{plan.door}",
            api_version=_API,
            kind="LocalQueue",
            metadata=metadata(plan.door, self._labels, plan.namespace),
            spec={"clusterQueue": plan.name},
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[*needs, queue], deleted_with=needs[0]
            ),
        )

    def _object(
        self,
        kind: str,
        name: str,
        spec: Mapping[str, Any],
        needs: Sequence[pulumi.Resource],
        api_version: str = _API,
    ) -> pulumi.Resource:
        made: pulumi.Resource = CustomResource(
            name,
            api_version=api_version,
            kind=kind,
            metadata=metadata(name, self._labels),
            spec=dict(spec),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(needs)),
        )
        return made


def _quotas(plan: QueuePlan) -> list[dict[str, str]]:
    nominal = _quantities(plan.nominal)
    borrowed = _quantities(plan.borrowed) if plan.borrowed is not None else None
    return [
        {"name": name, "nominalQuota": nominal[name]}
        | ({"borrowingLimit": borrowed[name]} if borrowed is not None else {})
        for name in _RESOURCES
    ]


def _quantities(amount: Amount) -> dict[str, str]:
    """As Kueue writes them itself, when it adds a finalizer: another form would look like drift."""
    cores, millis = divmod(amount.cpu_millis, 1000)
    gib, mib = divmod(amount.memory_mib, 1024)
    return {
        "cpu": f"{amount.cpu_millis}m" if millis else str(cores),
        "memory": f"{amount.memory_mib}Mi" if mib or not gib else f"{gib}Gi",
        "pods": str(amount.pods),
    }
