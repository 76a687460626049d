"""A site's Ceph as Rook reads it: the cluster, its pools, and its part of the object store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from infra.components.compute import amounts
from infra.components.keeping import keeping
from infra.components.metadata import metadata
from infra.plan.ceph import CephPlan, DoorPlan, GatewaysPlan
from infra.plan.labels import POOL_LABEL, ZONE_LABEL, protection_labels
from infra.plan.object_store import ZonePlan
from infra.plan.storage import PoolPlan
from province.platform import Compute
from province.sites import Purpose
from province.storage import BACKFILLFULL_RATIO, FULL_RATIO, METADATA, NEARFULL_RATIO, RESOURCES

_API = "ceph.rook.io/v1"
_GATEWAY_API = "gateway.networking.k8s.io/v1"
_PORT = 8080
"""Of a gateway inside the cluster; TLS ends at the edge."""
_CRITICAL = {
    "mon": "system-node-critical",
    "osd": "system-node-critical",
    "mgr": "system-cluster-critical",
}
"""Kubernetes' own classes: nobody's pods push out what holds everybody's data."""


class Rook(pulumi.ComponentResource):
    """`pools` are those of the cluster.

    Changing or deleting a realm, zonegroup or zone here changes nothing in Ceph itself.

    The Secrets with users' keys are not made here: at the main center Rook makes them beside its
    objects, and whoever holds the keys puts them where they are needed: the system user's at every
    site, the platform's beside its programs, the archives' beside the database and Velero.
    """

    def __init__(
        self,
        plan: CephPlan,
        labels: Mapping[str, str],
        namespaces: Mapping[str, Sequence[pulumi.Resource]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("suyun:storage:Rook", plan.name, None, opts)
        self._plan = plan
        self._labels = labels
        needs = namespaces[plan.namespace]
        cluster = self._object("CephCluster", plan.name, _cluster(plan), needs)
        pools = [
            self._object("CephBlockPool", pool.name, _pool(pool), [*needs, cluster])
            for pool in plan.storage.pools
        ]
        self._object_store([*needs, *pools])
        self.pools: tuple[pulumi.Resource, ...] = tuple(pools)
        self._way_in("Gateway", plan.door.name, _door(plan), namespaces[plan.door.namespace])
        for gateways in plan.gateways:
            self._way_in("HTTPRoute", gateways.name, _route(plan.door, gateways), needs)
        self.register_outputs({})

    def _object_store(self, needs: Sequence[pulumi.Resource]) -> None:
        """From the realm down to the gateways, each once what it lies in is there."""
        objects = self._plan.objects
        pulled = objects.pulled_from(self._plan.site)
        spec = {"pull": {"endpoint": pulled}} if pulled else {}
        realm = self._object("CephObjectRealm", objects.realm, spec, needs)
        for zone in self._plan.zones:
            above = {"realm": objects.realm}
            group = self._object("CephObjectZoneGroup", zone.zonegroup, above, [*needs, realm])
            made = self._object("CephObjectZone", zone.name, _zone(zone), [*needs, group])
            for gateways in self._plan.gateways:
                if gateways.zone == zone.name:
                    store = _store(self._plan, gateways)
                    stored = self._object("CephObjectStore", gateways.name, store, [*needs, made])
                    if gateways.name == objects.master.name:
                        self._users(gateways.name, [*needs, stored])

    def _users(self, store: str, needs: Sequence[pulumi.Resource]) -> None:
        """By the gateways of the realm's master, from which every zone hears of them."""
        for user in self._plan.users:
            spec = {"store": store, "displayName": user}
            self._object("CephObjectStoreUser", user, spec, needs)

    def _object(
        self, kind: str, name: str, spec: Mapping[str, Any], needs: Sequence[pulumi.Resource]
    ) -> pulumi.Resource:
        made: pulumi.Resource = CustomResource(
            f"{self._plan.namespace}/{name}",
            api_version=_API,
            kind=kind,
            metadata=metadata(
                name,
                {**self._labels, **protection_labels(is_retained=self._plan.is_retained)},
                self._plan.namespace,
            ),
            spec=dict(spec),
            opts=keeping(self, needs, is_retained=self._plan.is_retained),
        )
        return made

    def _way_in(
        self, kind: str, name: str, spec: Mapping[str, Any], needs: Sequence[pulumi.Resource]
    ) -> None:
        """Holds no data. Its namespace is the first of what it needs."""
        namespace = self._plan.door.namespace if kind == "Gateway" else self._plan.namespace
        CustomResource(
            f"{namespace}/{name}",
            api_version=_GATEWAY_API,
            kind=kind,
            metadata=metadata(name, self._labels, namespace),
            spec=dict(spec),
            opts=keeping(self, needs, is_retained=False),
        )


def _cluster(plan: CephPlan) -> dict[str, Any]:
    """Disks are found by themselves and encrypted; traffic between daemons is encrypted too."""
    return {
        "cephVersion": {"image": plan.image},
        "dataDirHostPath": "/var/lib/rook",
        "mon": {"count": plan.mons, "allowMultiplePerNode": False},
        "mgr": {"count": 2, "allowMultiplePerNode": False},
        "dashboard": {"enabled": False},
        "network": {
            "provider": "host",
            "dualStack": True,
            "addressRanges": {
                "public": list(plan.public_prefixes),
                "cluster": list(plan.cluster_prefixes),
            },
            "connections": {"encryption": {"enabled": True}, "requireMsgr2": True},
        },
        "placement": {"all": _placement(), "mon": _over_zones()},
        "priorityClassNames": _CRITICAL,
        "resources": {
            "mon": _resources(plan.daemon),
            "mgr": _resources(plan.daemon),
            "osd": {"requests": amounts(_half(plan.osd)), "limits": amounts(plan.osd)},
        },
        "disruptionManagement": {"managePodBudgets": True},
        "cleanupPolicy": {"allowUninstallWithVolumes": False},
        "storage": _storage(plan),
    }


def _storage(plan: CephPlan) -> dict[str, Any]:
    return {
        "useAllNodes": False,
        "useAllDevices": True,
        "nodes": [{"name": host} for host in plan.storage.hosts],
        "config": {"encryptedDevice": "true"},
        "nearFullRatio": NEARFULL_RATIO,
        "backfillFullRatio": BACKFILLFULL_RATIO,
        "fullRatio": FULL_RATIO,
    }


def _pool(plan: PoolPlan) -> dict[str, Any]:
    """What the public may store is the pool's quota, so that a lost host fills no disk."""
    chunks: dict[str, Any] = (
        {"replicated": {"size": 1 + plan.m, "requireSafeReplicaSize": True}}
        if plan.k == 1
        else {"erasureCoded": {"dataChunks": plan.k, "codingChunks": plan.m}}
    )
    return {
        **chunks,
        "failureDomain": plan.failure_domain,
        "deviceClass": plan.device_class,
        "application": plan.application,
        "quotas": {"maxSize": str(plan.usable_bytes)},
    }


def _zone(plan: ZonePlan) -> dict[str, Any]:
    """Shared pools take the place of its own, which the definition asks for all the same."""
    return {
        "zoneGroup": plan.zonegroup,
        "metadataPool": {},
        "dataPool": {},
        "sharedPools": {
            "metadataPoolName": METADATA.name,
            "dataPoolName": RESOURCES.name,
            "preserveRadosNamespaceDataOnDelete": True,
        },
        "customEndpoints": [plan.sync_endpoint],
        "preservePoolsOnDelete": True,
    }


def _store(plan: CephPlan, gateways: GatewaysPlan) -> dict[str, Any]:
    return {
        "zone": {"name": gateways.zone},
        "preservePoolsOnDelete": True,
        "hosting": {"dnsNames": [gateways.hostname]},
        "gateway": {
            "port": _PORT,
            "instances": gateways.instances,
            "disableMultisiteSyncTraffic": not gateways.is_sync,
            "hostNetwork": False,
            "priorityClassName": _CRITICAL["mgr"],
            "placement": _placement(),
            "resources": _resources(plan.daemon),
        },
    }


def _door(plan: CephPlan) -> dict[str, Any]:
    return {
        "gatewayClassName": plan.door.class_name,
        "addresses": [{"type": "IPAddress", "value": address} for address in plan.door.addresses],
        "listeners": [_listener(plan, gateways) for gateways in plan.gateways],
    }


def _listener(plan: CephPlan, gateways: GatewaysPlan) -> dict[str, Any]:
    home = {"matchLabels": {"kubernetes.io/metadata.name": plan.namespace}}
    certificate = {"group": "", "kind": "Secret", "name": plan.door.tls_secret}
    return {
        "name": gateways.name,
        "hostname": gateways.hostname,
        "port": plan.door.port,
        "protocol": "HTTPS",
        "tls": {"mode": "Terminate", "certificateRefs": [certificate]},
        "allowedRoutes": {"namespaces": {"from": "Selector", "selector": home}},
    }


def _route(door: DoorPlan, gateways: GatewaysPlan) -> dict[str, Any]:
    listener = {"name": door.name, "namespace": door.namespace, "sectionName": gateways.name}
    backend = {
        "group": "",
        "kind": "Service",
        "name": gateways.service,
        "port": _PORT,
        "weight": 1,
    }
    return {
        "parentRefs": [listener],
        "hostnames": [gateways.hostname],
        "rules": [{"backendRefs": [backend]}],
    }


def _placement() -> dict[str, Any]:
    """On the storage machines, which are tainted for all others."""
    expression = {"key": POOL_LABEL, "operator": "In", "values": [Purpose.STORAGE.value]}
    return {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [expression]}]
            }
        },
        "tolerations": [{"key": POOL_LABEL, "operator": "Equal", "value": Purpose.STORAGE.value}],
    }


def _over_zones() -> dict[str, Any]:
    constraint = {
        "maxSkew": 1,
        "topologyKey": ZONE_LABEL,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": "rook-ceph-mon"}},
    }
    return {"topologySpreadConstraints": [constraint]}


def _resources(planned: Compute) -> dict[str, Any]:
    """It may take twice what is kept for it."""
    twice = Compute(cpu_millis=2 * planned.cpu_millis, memory_mib=2 * planned.memory_mib)
    return {"requests": amounts(planned), "limits": amounts(twice)}


def _half(osd: Compute) -> Compute:
    """Half the cores are kept for it; of memory all, for it heals when all others heal too."""
    return Compute(cpu_millis=osd.cpu_millis // 2, memory_mib=osd.memory_mib)
