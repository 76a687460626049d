"""A service of the main center: its configuration, and the workload that reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.core import v1 as core

from infra.components.metadata import metadata
from infra.components.workload import Workload
from infra.plan.labels import REALM_LABEL
from infra.plan.values import ServicePlan


class Service(pulumi.ComponentResource):
    """`needs` is what the pods need to be admitted, the namespace first.

    The Secrets among the mounts are not made here: whoever holds them puts them there.
    """

    def __init__(
        self,
        plan: ServicePlan,
        labels: Mapping[str, str],
        needs: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions,
    ) -> None:
        name = f"{plan.workload.namespace}/{plan.name}"
        super().__init__("suyun:center:Service", name, None, opts)
        within = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(parent=self))
        marked = {REALM_LABEL: plan.name} if plan.realm else {}
        files = core.ConfigMap(
            name,
            metadata=metadata(plan.name, {**labels, **marked}, plan.workload.namespace),
            data=dict(plan.files),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(needs), deleted_with=needs[0]),
        )
        Workload(plan.workload, labels, (*needs, files), within)
        self.register_outputs({})
