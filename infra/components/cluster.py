"""One branch's cluster, as Cluster API objects in the main site's cluster."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from infra.components.metadata import metadata
from infra.plan.cluster_objects import CLUSTER_LABEL, ObjectPlan, cluster_objects
from infra.plan.clusters import NAMESPACE, ClusterPlan, Infrastructure

_AWAITED = {"pulumi.com/skipAwait": "false"}


class Cluster(pulumi.ComponentResource):
    """All objects of the branch. What runs real machines is protected: deleting it ends a site."""

    def __init__(
        self,
        plan: ClusterPlan,
        labels: Mapping[str, str],
        namespace: pulumi.Resource,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("suyun:fleet:Cluster", plan.site, None, opts)
        self._labels = {**labels, CLUSTER_LABEL: plan.site}
        real = plan.infrastructure is not Infrastructure.MACHINE_ROOM
        self._inside = pulumi.ResourceOptions(
            parent=self,
            depends_on=[namespace],
            deleted_with=None if real else namespace,
            protect=real,
        )
        self._first_to_go = pulumi.ResourceOptions(
            parent=self, depends_on=[namespace], protect=real
        )
        for made in cluster_objects(plan):
            self._object(made)
        self.register_outputs({})

    def _object(self, plan: ObjectPlan) -> None:
        """A Cluster is waited for when it goes: it is gone only once its control plane is."""
        is_cluster = plan.kind == "Cluster"
        annotations = {**plan.annotations, **(_AWAITED if is_cluster else {})}
        labels = {**self._labels, **plan.labels}
        CustomResource(
            f"{plan.kind}/{plan.name}",
            api_version=plan.api_version,
            kind=plan.kind,
            metadata=metadata(plan.name, labels, NAMESPACE, annotations),
            spec=plan.spec,
            opts=self._first_to_go if is_cluster else self._inside,
        )
