"""The fleet as Open Cluster Management has it: its clusters, one set of them, where jobs may go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from infra.components.metadata import metadata
from infra.plan.labels import REGION_LABEL
from infra.plan.queues import HubPlan, MemberPlan

_GROUP = "cluster.open-cluster-management.io"
_SET_LABEL = f"{_GROUP}/clusterset"
_UNREACHABLE_SECONDS = 300
"""How long a branch that is not heard keeps what was placed there."""


class Hub(pulumi.ComponentResource):
    """`needs` is the placement's namespace, and what else has to be there first."""

    def __init__(
        self,
        plan: HubPlan,
        labels: Mapping[str, str],
        needs: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("suyun:compute:Hub", "hub", None, opts)
        self._plan = plan
        self._labels = labels
        self._inside = pulumi.ResourceOptions(
            parent=self, depends_on=list(needs), deleted_with=needs[0]
        )
        for member in plan.members:
            self._member(member)
        self._set()
        self._placement()
        self.register_outputs({})

    def _member(self, plan: MemberPlan) -> None:
        """The agent at the branch registers itself; that it may, is said here."""
        of_member = {_SET_LABEL: self._plan.cluster_set, REGION_LABEL: plan.region}
        CustomResource(
            f"member/{plan.cluster}",
            api_version=f"{_GROUP}/v1",
            kind="ManagedCluster",
            metadata=metadata(plan.cluster, {**self._labels, **of_member}),
            spec={"hubAcceptsClient": True, "leaseDurationSeconds": 60},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _set(self) -> None:
        """The set, and its binding: a Placement sees only the sets bound to its namespace."""
        name = self._plan.cluster_set
        CustomResource(
            name,
            api_version=f"{_GROUP}/v1beta2",
            kind="ManagedClusterSet",
            metadata=metadata(name, self._labels),
            spec={"clusterSelector": {"selectorType": "ExclusiveClusterSetLabel"}},
            opts=pulumi.ResourceOptions(parent=self),
        )
        CustomResource(
            f"{self._plan.namespace}/{name}",
            api_version=f"{_GROUP}/v1beta2",
            kind="ManagedClusterSetBinding",
            metadata=metadata(name, self._labels, self._plan.namespace),
            spec={"clusterSet": name},
            opts=self._inside,
        )

    def _placement(self) -> None:
        CustomResource(
            f"{self._plan.namespace}/{self._plan.placement}",
            api_version=f"{_GROUP}/v1beta1",
            kind="Placement",
            metadata=metadata(self._plan.placement, self._labels, self._plan.namespace),
            spec={
                "clusterSets": [self._plan.cluster_set],
                "tolerations": [_unreachable()],
                "prioritizerPolicy": {
                    "mode": "Exact",
                    "configurations": [_room("ResourceAllocatableCPU"), _room("Steady")],
                },
            },
            opts=self._inside,
        )


def _unreachable() -> dict[str, Any]:
    return {
        "key": f"{_GROUP}/unreachable",
        "operator": "Exists",
        "tolerationSeconds": _UNREACHABLE_SECONDS,
    }


def _room(prioritizer: str) -> dict[str, Any]:
    return {"scoreCoordinate": {"type": "BuiltIn", "builtIn": prioritizer}, "weight": 1}
