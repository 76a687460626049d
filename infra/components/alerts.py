"""A site's alerts, as the Prometheus operator reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from infra.components.metadata import metadata
from infra.plan.values import AlertPlan, MonitoringPlan


class Alerts(pulumi.ComponentResource):
    """One PrometheusRule, with a group for each journey and one for the edge."""

    def __init__(
        self,
        plan: MonitoringPlan,
        labels: Mapping[str, str],
        needs: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("suyun:monitoring:Alerts", plan.name, None, opts)
        CustomResource(
            f"{plan.namespace}/{plan.name}",
            api_version="monitoring.coreos.com/v1",
            kind="PrometheusRule",
            metadata=metadata(plan.name, labels, plan.namespace),
            spec={"groups": _groups(plan.alerts)},
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(needs), deleted_with=needs[0]),
        )
        self.register_outputs({})


def _groups(alerts: Sequence[AlertPlan]) -> list[dict[str, Any]]:
    names = dict.fromkeys(alert.group for alert in alerts)
    return [
        {"name": name, "rules": [_rule(alert) for alert in alerts if alert.group == name]}
        for name in names
    ]


def _rule(alert: AlertPlan) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": f"{alert.for_seconds}s",
        "labels": {"severity": alert.severity},
        "annotations": {"summary": alert.summary},
    }
