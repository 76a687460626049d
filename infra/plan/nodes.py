"""Names every machine of a site and says in which zone and rack it stands."""

from __future__ import annotations

from infra.plan.labels import (
    POOL_LABEL,
    RACK_LABEL,
    REGION_LABEL,
    SITE_LABEL,
    TIER_LABEL,
    ZONE_LABEL,
)
from infra.plan.values import HostPlan, NodePlan
from province.platform import Tier
from province.sites import NodePool, Purpose, Role, Site

_TAINTS = {
    Purpose.CONTROL: "node-role.kubernetes.io/control-plane:NoSchedule",
    Purpose.EDGE: f"{POOL_LABEL}=edge:NoSchedule",
    Purpose.STORAGE: f"{POOL_LABEL}=storage:NoSchedule",
}
"""Only the platform pool takes whatever comes; the others are kept for their purpose."""


def site_tier(role: Role) -> Tier:
    """The tier that a site itself belongs to: the main center 省, a branch 市."""
    return Tier.PROVINCE if role is Role.MAIN else Tier.CITY


def plan_nodes(site: Site) -> tuple[NodePlan, ...]:
    """All machines of the site, pool by pool, round-robin over zones and then racks."""
    return tuple(_node(site, pool, index) for pool in site.nodes for index in range(pool.count))


def node_names(nodes: tuple[NodePlan, ...], purpose: Purpose) -> tuple[str, ...]:
    """The names of the machines for that purpose."""
    return tuple(node.name for node in nodes if node.purpose is purpose)


def _node(site: Site, pool: NodePool, index: int) -> NodePlan:
    zone = site.zones[index % len(site.zones)]
    rack = zone.racks[index // len(site.zones) % len(zone.racks)]
    return NodePlan(
        name=f"{site.id}-{pool.purpose}-{index + 1:02d}",
        purpose=pool.purpose,
        zone=zone.id,
        rack=rack,
        cpu_cores=pool.cpu_cores,
        memory_gib=pool.memory_gib,
        pods_max=pool.pods_max,
        labels={
            REGION_LABEL: site.prefecture,
            ZONE_LABEL: zone.id,
            RACK_LABEL: rack,
            POOL_LABEL: pool.purpose.value,
            TIER_LABEL: site_tier(site.role).value,
            SITE_LABEL: site.id,
        },
        taint=_TAINTS.get(pool.purpose),
        host=_host(pool, index),
    )


def _host(pool: NodePool, index: int) -> HostPlan | None:
    """The inventory names all of a pool's machines, or none."""
    if not pool.hosts:
        return None
    host = pool.hosts[index]
    return HostPlan(bmc_address=host.bmc_address, boot_mac=host.boot_mac)
