"""Cuts a site's two prefixes into what its machines, pods and Services get.

A site's own prefix is all that is needed, so no site's addresses depend on another's.
The cut is by sixteenths for IPv6 and by halves and quarters for IPv4:

    IPv4   first half: pods · third quarter: Services · last quarter: nodes
    IPv6   sixteenth 1: pods · first /108 of sixteenth 2: Services · first /64 of sixteenth 3: nodes
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from infra.plan.errors import PlanError
from infra.plan.values import AddressPlan, DualStack
from province.sites import Prefixes, Site

SERVICES_IPV4_LENGTH_MIN = 12
"""The API server takes at most 20 bits of Service addresses (`--service-cluster-ip-range`)."""
SERVICES_IPV6_LENGTH = 108
"""The same 20 bits for IPv6."""
NODES_IPV6_LENGTH = 64
"""One link, as RFC 4291 has it."""
PODS_PER_NODE_IPV4_LENGTH = 24
"""The controller-manager's default mask of one node's pods: 256 addresses."""
_SITE_IPV4_LENGTH_MAX = 22
_SITE_IPV6_LENGTH_MAX = 60
_CONTROL_PLANE_OFFSET = 10
"""Addresses below it are the routers' (VRRP needs three) and spare."""


def plan_addresses(site: Site) -> AddressPlan:
    """The site's prefixes by purpose: disjoint, and all inside the site's own.

    Raises PlanError when a prefix is too long to be cut, or too small for the nodes' pods.
    """
    _require_room(site)
    pods, services, nodes = _cut_ipv4(site.prefixes.ipv4)
    pods6, services6, nodes6 = _cut_ipv6(site.prefixes)
    return AddressPlan(
        nodes=DualStack(ipv4=nodes, ipv6=nodes6),
        pods=DualStack(ipv4=pods, ipv6=pods6),
        services=DualStack(ipv4=services, ipv6=services6),
        control_plane=nodes.network_address + _CONTROL_PLANE_OFFSET,
    )


def _cut_ipv4(prefix: IPv4Network) -> tuple[IPv4Network, IPv4Network, IPv4Network]:
    pods, rest = prefix.subnets(prefixlen_diff=1)
    services, nodes = rest.subnets(prefixlen_diff=1)
    length = max(services.prefixlen, SERVICES_IPV4_LENGTH_MIN)
    return pods, next(services.subnets(new_prefix=length)), nodes


def _cut_ipv6(prefixes: Prefixes) -> tuple[IPv6Network, IPv6Network, IPv6Network]:
    _, pods, services, nodes, *_ = prefixes.ipv6.subnets(prefixlen_diff=4)
    return (
        pods,
        next(services.subnets(new_prefix=SERVICES_IPV6_LENGTH)),
        next(nodes.subnets(new_prefix=NODES_IPV6_LENGTH)),
    )


def _require_room(site: Site) -> None:
    ipv4, ipv6 = site.prefixes.ipv4, site.prefixes.ipv6
    if ipv4.prefixlen > _SITE_IPV4_LENGTH_MAX or ipv6.prefixlen > _SITE_IPV6_LENGTH_MAX:
        raise PlanError(
            f"{site.id}: the prefixes {ipv4} and {ipv6} are too long to be cut",
            f"give prefixes of at most /{_SITE_IPV4_LENGTH_MAX} and /{_SITE_IPV6_LENGTH_MAX}",
        )
    nodes = sum(pool.count for pool in site.nodes)
    nodes_max = 2 ** max(PODS_PER_NODE_IPV4_LENGTH - ipv4.prefixlen - 1, 0)
    if nodes > nodes_max:
        raise PlanError(
            f"{site.id}: {nodes} nodes, but {ipv4} has pod addresses for {nodes_max}",
            "give the site a shorter IPv4 prefix or fewer nodes",
        )
