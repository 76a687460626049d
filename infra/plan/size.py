"""How many resources a site's stack has, so that progress can be told before Pulumi knows."""

from __future__ import annotations

from infra.plan.ceph import CephPlan
from infra.plan.clusters import ClustersPlan, clusters_resources_count
from infra.plan.queues import ComputePlan
from infra.plan.stateful import DataPlan
from infra.plan.values import SitePlan

_AROUND = 3
"""The stack itself, the provider, and the Site component."""
_OF_A_NAMESPACE = 6
"""Component, namespace, quota, limits and two network policies; service accounts come on top."""
_OF_A_WORKLOAD = 5
"""Component, Deployment, Service, disruption budget and autoscaler."""
_OF_A_SERVICE = 2
"""Component and configuration, beside its workload."""
_OF_A_GATEWAY = 3
"""Component, class and gateway; routes come on top."""
_OF_A_RIG = 5
"""Component, master and workers, the master's Service, and a disruption budget."""
_OF_A_LANE = 2
"""Admission check and configuration; its clusters come on top."""
_OF_ALERTS = 2
"""Component and rule."""
_OF_A_HUB = 4
"""Component, cluster set, its binding, placement; the members come on top."""


def resources_count(plan: SitePlan | ClustersPlan) -> int:
    """Resources in the plan's stack, components and Pulumi's own among them."""
    if isinstance(plan, ClustersPlan):
        return clusters_resources_count(plan)
    return (
        _AROUND
        + 1
        + len(plan.priority_classes)
        + sum(_OF_A_NAMESPACE + len(n.service_accounts) for n in plan.namespaces)
        + _OF_A_WORKLOAD * len(plan.deployments)
        + _OF_A_SERVICE * len(plan.services)
        + _OF_A_GATEWAY
        + len(plan.gateway.routes)
        + (_OF_A_RIG if plan.rig else 0)
        + 1
        + len(plan.access.roles)
        + len(plan.access.bindings)
        + _of_compute(plan.compute)
        + _OF_ALERTS
        + (_of_data(plan.data) if plan.data else 0)
        + (_of_ceph(plan.ceph) if plan.ceph else 0)
        + (_OF_A_HUB + len(plan.hub.members) if plan.hub else 0)
    )


def _of_compute(plan: ComputePlan) -> int:
    """Component and flavor; a queue and its door; a lane's check, config and clusters."""
    lanes = sum(_OF_A_LANE + len(lane.clusters) for lane in plan.lanes)
    return 2 + (plan.cohort is not None) + 2 * len(plan.queues) + lanes


def _of_data(plan: DataPlan) -> int:
    """Component, locations and schedules; component, cluster, its backup and its archives."""
    database = 3 if plan.database else 0
    if plan.database and plan.database.makes_archives:
        database += len(plan.database.archives)
    return 1 + len(plan.backup.locations) + len(plan.backup.schedules) + database


def _of_ceph(plan: CephPlan) -> int:
    """Component, cluster, pools, realm and door; users; zones and groups; gateways and routes.

    And volumes: component and two classes.
    """
    pools, users = len(plan.storage.pools), len(plan.users)
    return 4 + 3 + pools + users + 2 * len(plan.zones) + 2 * len(plan.gateways)
