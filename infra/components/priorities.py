"""The cluster's priority classes."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.scheduling import v1 as scheduling

from infra.components.metadata import metadata
from infra.plan.values import PriorityPlan


class Priorities(pulumi.ComponentResource):
    """All priority classes of a site; `classes` has them by name."""

    def __init__(
        self,
        plans: tuple[PriorityPlan, ...],
        labels: Mapping[str, str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("suyun:platform:Priorities", "priorities", None, opts)
        self.classes = {plan.name: self._class(plan, labels) for plan in plans}
        self.register_outputs({})

    def _class(self, plan: PriorityPlan, labels: Mapping[str, str]) -> scheduling.PriorityClass:
        return scheduling.PriorityClass(
            plan.name,
            metadata=metadata(plan.name, labels),
            value=plan.value,
            global_default=False,
            preemption_policy="PreemptLowerPriority",
            opts=pulumi.ResourceOptions(parent=self),
        )
