"""Where the objects lie in the management cluster's API."""

from __future__ import annotations

from infra.plan.cluster_objects import (
    CONTRACT,
    CONTROL_PLANE_GROUP,
    CORE_GROUP,
    INFRASTRUCTURE_GROUP,
)
from infra.plan.clusters import NAMESPACE

_CORE = f"/apis/{CORE_GROUP}/{CONTRACT}/namespaces/{NAMESPACE}"
_CONTROL_PLANE = f"/apis/{CONTROL_PLANE_GROUP}/{CONTRACT}/namespaces/{NAMESPACE}"
_INFRASTRUCTURE = f"/apis/{INFRASTRUCTURE_GROUP}/v1beta1/namespaces/{NAMESPACE}"

CLUSTERS = f"{_CORE}/clusters"
MACHINES = f"{_CORE}/machines"
DEPLOYMENTS = f"{_CORE}/machinedeployments"
HEALTH_CHECKS = f"{_CORE}/machinehealthchecks"
CONTROL_PLANES = f"{_CONTROL_PLANE}/kubeadmcontrolplanes"
INFRASTRUCTURES = f"{_INFRASTRUCTURE}/machineroomclusters"
TEMPLATES = f"{_INFRASTRUCTURE}/machineroommachinetemplates"
ROOM_MACHINES = f"{_INFRASTRUCTURE}/machineroommachines"
SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
NODES = "/api/v1/nodes"

WATCHED = (
    CLUSTERS,
    MACHINES,
    DEPLOYMENTS,
    HEALTH_CHECKS,
    CONTROL_PLANES,
    INFRASTRUCTURES,
    TEMPLATES,
)
"""All that a cluster's turn is decided from."""
