"""One site's plan, put together from its parts."""

from __future__ import annotations

from infra.plan.access import plan_access
from infra.plan.addresses import plan_addresses
from infra.plan.alerts import plan_monitoring
from infra.plan.center import plan_center
from infra.plan.compute import plan_compute, plan_hub
from infra.plan.data import data_namespaces, plan_data, with_database
from infra.plan.edge import plan_gateway
from infra.plan.errors import PlanError
from infra.plan.namespaces import plan_namespaces, require_sums
from infra.plan.nodes import node_names, plan_nodes
from infra.plan.rig import plan_rig, plan_rig_namespaces, require_rig_room, with_rig
from infra.plan.rook import plan_ceph, storage_namespaces, with_storage
from infra.plan.storage import plan_storage
from infra.plan.values import SitePlan
from infra.plan.workloads import (
    plan_priorities,
    plan_workloads,
    require_room,
    workload_namespace,
)
from province.province import Province
from province.sites import Purpose, Site
from province.tiers import site_tree


def plan_site(province: Province, site_id: str, environment: str) -> SitePlan:
    """All that the site gets in that environment (`rehearsal`, `production`).

    Depends on the site's own rows and on what holds for the whole province, never on another
    site's rows; the main site's queues, hub and realm alone list the branches, and what holds data
    knows where copies go to and whose come here. Raises PlanError for a site that does not exist or
    cannot be planned.
    """
    site = _site(province, site_id)
    workloads = plan_workloads(province.platform, site)
    nodes = plan_nodes(site)
    center = plan_center(province, site)
    services = tuple(service for service, _ in center)
    everything = (*workloads, *(service.workload for service in services))
    require_room(site, everything, nodes)
    tree = site_tree(province, site)
    gateway = plan_gateway(site, province.platform.domain, everything)
    rig = plan_rig(province, site)
    require_rig_room(site, rig, everything, nodes)
    require_sums(with_rig(tree, rig))
    addresses = plan_addresses(site)
    storage = plan_storage(site, node_names(nodes, Purpose.STORAGE))
    ceph = plan_ceph(province, site, environment, addresses, gateway, storage)
    alone = tuple(namespace for _, namespace in center)
    tenants = (
        *with_storage(plan_namespaces(site, tree, workloads, gateway, alone), ceph),
        *plan_rig_namespaces(province, rig),
    )
    data = plan_data(province, site, environment, tenants)
    tenants = with_database(tenants, data)
    return SitePlan(
        site=site.id,
        environment=environment,
        role=site.role,
        prefecture=site.prefecture,
        kubernetes_version=province.kubernetes_version,
        users_concurrent=site.users_concurrent,
        takeover_users=site.takeover_users,
        addresses=addresses,
        storage=storage,
        ceph=ceph,
        nodes=nodes,
        namespaces=(
            *tenants,
            *storage_namespaces(province, site, ceph, addresses),
            *data_namespaces(province, site, data, tenants),
        ),
        workloads=workloads,
        gateway=gateway,
        access=plan_access(site, tenants),
        compute=plan_compute(province, site),
        hub=plan_hub(province, site),
        services=services,
        monitoring=plan_monitoring(
            province.objectives, site, workload_namespace(site.role), gateway
        ),
        data=data,
        priority_classes=plan_priorities(),
        rig=rig,
    )


def _site(province: Province, site_id: str) -> Site:
    try:
        return province.site(site_id)
    except KeyError as error:
        known = ", ".join(site.id for site in province.sites)
        raise PlanError(
            f"{province.pinyin} has no site {site_id!r}", f"its sites are: {known}"
        ) from error
