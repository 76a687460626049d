"""A site's Ceph under Rook: its daemons, its gateways, and the namespace that they live in.

Objects of the site and of the one whose copies it keeps share two pools of the storage plan,
apart by RADOS namespaces; so the pools' bytes are the plan's, however many zones there are.
`.rgw.root` and `.mgr` are Ceph's own and are made with its default of three copies.
"""

from __future__ import annotations

import dataclasses
import math

from infra.plan.addresses import objects_addresses
from infra.plan.blocks import plan_blocks
from infra.plan.ceph import CephPlan, DoorPlan, GatewaysPlan
from infra.plan.clusters import API_PORT
from infra.plan.data import PRODUCTION
from infra.plan.edge import EDGE_NAMESPACE
from infra.plan.nodes import site_tier
from infra.plan.object_store import ObjectStorePlan, ZonePlan, plan_object_store
from infra.plan.storage import StoragePlan
from infra.plan.values import (
    AddressPlan,
    Destination,
    DualStack,
    GatewayPlan,
    NamespacePlan,
    Quota,
)
from infra.plan.workloads import workload_namespace
from province.platform import Compute
from province.province import Province
from province.sites import Purpose, Site
from province.storage import OSD_CPU_CORES, OSD_MEMORY_GIB

STORAGE_NAMESPACE = "storage"
OPERATOR_NAMESPACE = "rook-ceph"
"""Where the operator's own chart puts it."""
USERS_PER_GATEWAY = 20_000
"""Planning: at 100 kbit/s each they take 2 Gbit/s, what one gateway gives on two or three cores."""
_GATEWAYS_MIN = 2
_MONS = 3
"""A majority outlives one lost machine."""
_OSD = Compute(cpu_millis=OSD_CPU_CORES * 1000, memory_mib=OSD_MEMORY_GIB * 1024)
_CEPH_PORTS = ((3300, None), (6789, None), (6800, 7568))
"""Monitors, by both protocols; OSDs and managers take the first free one of a range of theirs."""
_DAEMON = Compute(cpu_millis=1000, memory_mib=2048)
"""A monitor, a manager, a gateway; each may take twice that."""
_PODS_PER_OSD = 2
"""The OSD and, while disks are made ready, the job that does it."""


def plan_ceph(
    province: Province,
    site: Site,
    environment: str,
    addresses: AddressPlan,
    gateway: GatewayPlan,
    storage: StoragePlan | None,
) -> CephPlan | None:
    """The site's Ceph; None where it has no storage machines."""
    if storage is None:
        return None
    whole, is_retained = plan_object_store(province), environment == PRODUCTION
    return CephPlan(
        name="ceph",
        namespace=STORAGE_NAMESPACE,
        site=site.id,
        image=province.storage.ceph_image,
        mons=_MONS,
        storage=storage,
        daemon=_DAEMON,
        osd=_OSD,
        public_prefixes=_prefixes(addresses.nodes),
        cluster_prefixes=_prefixes(addresses.storage),
        objects=whole.at(site.id),
        gateways=_gateways(site, whole),
        door=DoorPlan(
            name="objects",
            namespace=gateway.namespace,
            class_name=gateway.class_name,
            addresses=objects_addresses(addresses),
            port=gateway.port,
            tls_secret="objects-tls",  # noqa: S106 - the name of a Secret, not one
        ),
        blocks=plan_blocks(STORAGE_NAMESPACE, OPERATOR_NAMESPACE, is_retained=is_retained),
        is_retained=is_retained,
    )


def storage_namespaces(
    province: Province, site: Site, plan: CephPlan | None, addresses: AddressPlan
) -> tuple[NamespacePlan, ...]:
    """One where there is a Ceph. Pods there drive disks, so it admits what no other does.

    No tier's operators are let into it: whoever may make pods there has the machines.
    """
    return (_namespace(province, site, plan, addresses),) if plan else ()


def with_storage(
    namespaces: tuple[NamespacePlan, ...], plan: CephPlan | None
) -> tuple[NamespacePlan, ...]:
    """The same namespaces, but that the site's platform, the first, and its edge may call it."""
    if plan is None:
        return namespaces
    callers = {namespaces[0].name, plan.door.namespace}
    return tuple(
        dataclasses.replace(one, egress_namespaces=(*one.egress_namespaces, STORAGE_NAMESPACE))
        if one.name in callers
        else one
        for one in namespaces
    )


def _namespace(
    province: Province, site: Site, plan: CephPlan, addresses: AddressPlan
) -> NamespacePlan:
    platform = workload_namespace(site.role)
    callers = (EDGE_NAMESPACE, platform, OPERATOR_NAMESPACE, STORAGE_NAMESPACE)
    return NamespacePlan(
        name=STORAGE_NAMESPACE,
        tier=site_tier(site.role),
        pod_security="privileged",
        pool=Purpose.STORAGE,
        quota=_quota(site, plan),
        service_accounts=(),
        ingress_namespaces=callers,
        egress_namespaces=(STORAGE_NAMESPACE,),
        egress_prefixes=(DualStack(ipv4=province.addressing.ipv4, ipv6=province.addressing.ipv6),),
        destinations=_machines(addresses),
        is_retained=plan.is_retained,
    )


def _machines(addresses: AddressPlan) -> tuple[Destination, ...]:
    """The daemons, which are in the machines' own network, and the API server, likewise."""
    return tuple(
        Destination(prefix=prefix, port=first, port_last=last)
        for prefix in (addresses.nodes.ipv4, addresses.nodes.ipv6)
        for first, last in (*_CEPH_PORTS, (API_PORT, None))
    )


def _gateways(site: Site, objects: ObjectStorePlan) -> tuple[GatewaysPlan, ...]:
    return tuple(
        gateways
        for zone in objects.zones_at(site.id)
        for gateways in (_clients(site, zone), _sync(zone))
    )


def _clients(site: Site, zone: ZonePlan) -> GatewaysPlan:
    """A copy's clients come when the site whose objects they are is lost."""
    is_own = zone.zonegroup == site.id
    users = site.users_concurrent if is_own else site.takeover_users
    instances = max(_GATEWAYS_MIN, math.ceil(users / USERS_PER_GATEWAY))
    return GatewaysPlan(
        name=zone.name,
        zone=zone.name,
        hostname=zone.hostname,
        instances=instances,
        is_sync=False,
    )


def _sync(zone: ZonePlan) -> GatewaysPlan:
    return GatewaysPlan(
        name=zone.sync_store,
        zone=zone.name,
        hostname=zone.sync_hostname,
        instances=1,
        is_sync=True,
    )


def _quota(site: Site, plan: CephPlan) -> Quota:
    """All of the storage machines: they are kept for nothing else."""
    pool = site.pool(Purpose.STORAGE)
    osds = len(plan.storage.hosts) * plan.storage.osds_per_host
    return Quota(
        cpu_millis=len(plan.storage.hosts) * (pool.cpu_cores if pool else 0) * 1000,
        memory_mib=len(plan.storage.hosts) * (pool.memory_gib if pool else 0) * 1024,
        pods=_PODS_PER_OSD * osds + 100,
        container_default=plan.daemon,
    )


def _prefixes(both: DualStack) -> tuple[str, ...]:
    return (str(both.ipv4), str(both.ipv6))
