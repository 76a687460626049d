"""The bodies of a branch's Cluster API objects, contract v1beta2, as the provider's kinds ask.

Kinds of the core, of kubeadm's control plane and of its bootstrap are the same in rehearsal and in
production; only the infrastructure's differ: Metal3's for bare metal, the machine room's own here.
Fields are those of sigs.k8s.io/cluster-api v1.12.0 (`api/`) and of Metal3's provider, API v1beta1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.plan.clusters import (
    API_PORT,
    NODE_SILENT_SECONDS_MAX,
    NODE_STARTUP_SECONDS_MAX,
    ClusterPlan,
    Infrastructure,
    MachineHostPlan,
    MachinePoolPlan,
)
from infra.plan.labels import POOL_LABEL, SITE_LABEL

CORE_GROUP = "cluster.x-k8s.io"
CONTROL_PLANE_GROUP = "controlplane.cluster.x-k8s.io"
BOOTSTRAP_GROUP = "bootstrap.cluster.x-k8s.io"
INFRASTRUCTURE_GROUP = "infrastructure.cluster.x-k8s.io"
CONTRACT = "v1beta2"
CLUSTER_LABEL = "cluster.x-k8s.io/cluster-name"
_LABELS_FROM_HOSTS = "suyun.io,topology.kubernetes.io"
"""Prefixes of the labels that Metal3 copies from a BareMetalHost to its node: zone and rack."""
_CLUSTER_KIND = {
    Infrastructure.METAL3: "Metal3Cluster",
    Infrastructure.MACHINE_ROOM: "MachineRoomCluster",
}
_TEMPLATE_KIND = {
    Infrastructure.METAL3: "Metal3MachineTemplate",
    Infrastructure.MACHINE_ROOM: "MachineRoomMachineTemplate",
}
Spec = dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectPlan:
    """One object to be made; labels and annotations are those besides every object's."""

    api_version: str
    kind: str
    name: str
    spec: Spec
    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


def cluster_objects(plan: ClusterPlan) -> tuple[ObjectPlan, ...]:
    """All objects of one branch: what is referred to first, the Cluster last but for the pools."""
    return (
        *(_host(host) for host in plan.hosts),
        _infrastructure(plan),
        _template(plan, plan.control),
        _control_plane(plan),
        _cluster(plan),
        *(made for pool in plan.workers for made in _workers(plan, pool)),
        _health_check(plan, "control-plane", (plan.control,), "1"),
        _health_check(plan, "workers", plan.workers, "40%"),
    )


def _cluster(plan: ClusterPlan) -> ObjectPlan:
    control_plane = _reference(CONTROL_PLANE_GROUP, "KubeadmControlPlane", plan.site)
    infrastructure = _reference(INFRASTRUCTURE_GROUP, _CLUSTER_KIND[plan.infrastructure], plan.site)
    spec: Spec = {
        "clusterNetwork": {
            "pods": {"cidrBlocks": [str(plan.pods.ipv4), str(plan.pods.ipv6)]},
            "services": {"cidrBlocks": [str(plan.services.ipv4), str(plan.services.ipv6)]},
            "serviceDomain": "cluster.local",
        },
        "controlPlaneRef": control_plane,
        "infrastructureRef": infrastructure,
    }
    return _core("Cluster", plan.site, spec)


def _infrastructure(plan: ClusterPlan) -> ObjectPlan:
    """The machine room itself says where it listens; bare metal listens where it was planned."""
    bare = plan.infrastructure is Infrastructure.METAL3
    endpoint: Spec = {"controlPlaneEndpoint": {"host": plan.endpoint, "port": API_PORT}}
    synced = {"metal3.io/metal3-label-sync-prefixes": _LABELS_FROM_HOSTS}
    return ObjectPlan(
        api_version=f"{INFRASTRUCTURE_GROUP}/v1beta1",
        kind=_CLUSTER_KIND[plan.infrastructure],
        name=plan.site,
        spec={**endpoint, "cloudProviderEnabled": False} if bare else {"site": plan.site},
        annotations=synced if bare else {},
    )


def _control_plane(plan: ClusterPlan) -> ObjectPlan:
    reference = _reference(
        INFRASTRUCTURE_GROUP, _TEMPLATE_KIND[plan.infrastructure], plan.control.name
    )
    registration = _registration(plan.control)
    spec: Spec = {
        "version": f"v{plan.kubernetes_version}",
        "replicas": plan.control.replicas,
        "machineTemplate": {
            "metadata": {"labels": _machine_labels(plan, plan.control)},
            "spec": {"infrastructureRef": reference},
        },
        "kubeadmConfigSpec": {
            "initConfiguration": {"nodeRegistration": registration},
            "joinConfiguration": {"nodeRegistration": registration},
        },
    }
    return ObjectPlan(
        api_version=f"{CONTROL_PLANE_GROUP}/{CONTRACT}",
        kind="KubeadmControlPlane",
        name=plan.site,
        spec=spec,
    )


def _workers(plan: ClusterPlan, pool: MachinePoolPlan) -> tuple[ObjectPlan, ...]:
    bootstrap = ObjectPlan(
        api_version=f"{BOOTSTRAP_GROUP}/{CONTRACT}",
        kind="KubeadmConfigTemplate",
        name=pool.name,
        spec={
            "template": {"spec": {"joinConfiguration": {"nodeRegistration": _registration(pool)}}}
        },
    )
    return (bootstrap, _template(plan, pool), _deployment(plan, pool))


def _deployment(plan: ClusterPlan, pool: MachinePoolPlan) -> ObjectPlan:
    config = _reference(BOOTSTRAP_GROUP, "KubeadmConfigTemplate", pool.name)
    machine = _reference(INFRASTRUCTURE_GROUP, _TEMPLATE_KIND[plan.infrastructure], pool.name)
    labels = _machine_labels(plan, pool)
    spec: Spec = {
        "clusterName": plan.site,
        "replicas": pool.replicas,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "clusterName": plan.site,
                "version": f"v{plan.kubernetes_version}",
                "bootstrap": {"configRef": config},
                "infrastructureRef": machine,
            },
        },
    }
    return _core("MachineDeployment", pool.name, spec)


def _template(plan: ClusterPlan, pool: MachinePoolPlan) -> ObjectPlan:
    """Which machines: on bare metal those that bear the pool's labels, here as large as planned."""
    spec: Spec
    if plan.infrastructure is Infrastructure.METAL3:
        chosen = {SITE_LABEL: plan.site, POOL_LABEL: pool.labels[POOL_LABEL]}
        spec = {
            "automatedCleaningMode": "metadata",
            "hostSelector": {"matchLabels": chosen},
            "image": _image(plan),
        }
    else:
        spec = {
            "pool": pool.purpose.value,
            "cpuCores": pool.cpu_cores,
            "memoryGiB": pool.memory_gib,
            "podsMax": pool.pods_max,
            "labels": pool.labels,
            **({"taint": pool.taint} if pool.taint else {}),
        }
    return ObjectPlan(
        api_version=f"{INFRASTRUCTURE_GROUP}/v1beta1",
        kind=_TEMPLATE_KIND[plan.infrastructure],
        name=pool.name,
        spec={"template": {"spec": spec}},
    )


def _image(plan: ClusterPlan) -> Spec:
    """The node image, served by the management network's own store under its version."""
    place = f"https://images.suyun.internal/node-v{plan.kubernetes_version}.qcow2"
    return {"url": place, "checksum": f"{place}.sha256", "checksumType": "sha256"}


def _health_check(
    plan: ClusterPlan, name: str, pools: tuple[MachinePoolPlan, ...], at_most: str
) -> ObjectPlan:
    """Silent machines are replaced, unless so many are silent that the network is the likelier."""
    silent = [
        {"type": "Ready", "status": status, "timeoutSeconds": NODE_SILENT_SECONDS_MAX}
        for status in ("Unknown", "False")
    ]
    purposes = [pool.labels[POOL_LABEL] for pool in pools]
    chosen = {"key": POOL_LABEL, "operator": "In", "values": purposes}
    limit: int | str = int(at_most) if at_most.isdigit() else at_most
    spec: Spec = {
        "clusterName": plan.site,
        "selector": {"matchExpressions": [chosen]},
        "checks": {
            "nodeStartupTimeoutSeconds": NODE_STARTUP_SECONDS_MAX,
            "unhealthyNodeConditions": silent,
        },
        "remediation": {"triggerIf": {"unhealthyLessThanOrEqualTo": limit}},
    }
    return _core("MachineHealthCheck", f"{plan.site}-{name}", spec)


def _host(plan: MachineHostPlan) -> ObjectPlan:
    """The controller's password is a Secret that whoever racks the machine puts there."""
    spec: Spec = {
        "online": True,
        "bootMACAddress": plan.host.boot_mac,
        "bmc": {"address": plan.host.bmc_address, "credentialsName": f"{plan.name}-bmc"},
    }
    return ObjectPlan(
        api_version="metal3.io/v1alpha1",
        kind="BareMetalHost",
        name=plan.name,
        spec=spec,
        labels=plan.labels,
    )


def _registration(pool: MachinePoolPlan) -> Spec:
    """How a node of the pool registers itself: its labels, its taints."""
    labels = ",".join(f"{key}={value}" for key, value in sorted(pool.labels.items()))
    return {
        "kubeletExtraArgs": [{"name": "node-labels", "value": labels}],
        "taints": [_taint(pool.taint)] if pool.taint else [],
    }


def _taint(text: str) -> Spec:
    """`key[=value]:effect`, as kubectl writes it."""
    name, _, effect = text.rpartition(":")
    key, _, value = name.partition("=")
    return {"key": key, "effect": effect, **({"value": value} if value else {})}


def _machine_labels(plan: ClusterPlan, pool: MachinePoolPlan) -> dict[str, str]:
    return {CLUSTER_LABEL: plan.site, POOL_LABEL: pool.labels[POOL_LABEL]}


def _core(kind: str, name: str, spec: Spec) -> ObjectPlan:
    return ObjectPlan(api_version=f"{CORE_GROUP}/{CONTRACT}", kind=kind, name=name, spec=spec)


def _reference(group: str, kind: str, name: str) -> dict[str, str]:
    return {"apiGroup": group, "kind": kind, "name": name}
