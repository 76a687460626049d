"""How many resources a site's stack has, so that progress can be told before Pulumi knows."""

from __future__ import annotations

from infra.plan.values import SitePlan

_AROUND = 3
"""The stack itself, the provider, and the Site component."""
_OF_A_NAMESPACE = 6
"""Component, namespace, quota, limits and two network policies; service accounts come on top."""
_OF_A_WORKLOAD = 5
"""Component, Deployment, Service, disruption budget and autoscaler."""
_OF_A_GATEWAY = 3
"""Component, class and gateway; routes come on top."""


def resources_count(plan: SitePlan) -> int:
    """Resources in the site's stack, components and Pulumi's own among them."""
    return (
        _AROUND
        + 1
        + len(plan.priority_classes)
        + sum(_OF_A_NAMESPACE + len(n.service_accounts) for n in plan.namespaces)
        + _OF_A_WORKLOAD * len(plan.workloads)
        + _OF_A_GATEWAY
        + len(plan.gateway.routes)
        + 1
        + len(plan.access.roles)
        + len(plan.access.bindings)
    )
