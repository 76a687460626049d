"""Cuts a site's two prefixes into what its cluster's machines, pods and Services get.

A site is one cluster, and its own prefix is all that is needed: no site's addresses depend on
another's, and none is numbered anew when a site comes or goes. Each purpose has its fixed part:

    IPv4   first half: pods · third quarter: Services · last quarter: its first half nodes,
           its third quarter storage, its last quarter management
    IPv6   sixteenth 1: pods · first /108 of sixteenth 2: Services
           first /64 of sixteenth 3: nodes · of 4: storage · of 5: management

Storage is Ceph's cluster network, between storage machines alone. Management is each machine's
board controller, apart from all that users reach (GB/T 22239-2019 8.1.5.4).
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from itertools import islice

from infra.plan.errors import PlanError
from infra.plan.values import AddressPlan, DualStack
from province.sites import Prefixes, Site

SERVICES_IPV4_LENGTH_MIN = 12
"""The API server takes at most 20 bits of Service addresses (`--service-cluster-ip-range`)."""
SERVICES_IPV6_LENGTH = 108
"""The same 20 bits for IPv6."""
LINK_IPV6_LENGTH = 64
"""One link, as RFC 4291 has it."""
PODS_PER_NODE_IPV4_LENGTH = 24
"""The controller-manager's default mask of one node's pods: 256 addresses."""
PODS_PER_NODE_MAX = 2 ** (32 - PODS_PER_NODE_IPV4_LENGTH) - 2
"""Addresses of that mask, but for the network's and the broadcast address."""
_PURPOSES = ("pods", "services", "nodes", "storage", "management")
_SITE_IPV4_LENGTH_MAX = 22
_SITE_IPV6_LENGTH_MAX = 60
_CONTROL_PLANE_OFFSET = 10
"""Addresses below it are the routers' (VRRP needs three) and spare."""
_EDGE_OFFSET = 20
"""The gateway's own address of each family, which the edge machines announce together."""
_OBJECTS_OFFSET = 21
"""The same of the object store's: both gateways listen on one port, so each has its own."""


def plan_addresses(site: Site) -> AddressPlan:
    """The site's prefixes by purpose: disjoint, and all inside the site's own.

    Raises PlanError when a prefix is too long to be cut, or too small for the nodes' pods.
    """
    _require_room(site)
    parts = {
        purpose: DualStack(ipv4=ipv4, ipv6=ipv6)
        for purpose, ipv4, ipv6 in zip(
            _PURPOSES, _cut_ipv4(site.prefixes.ipv4), _cut_ipv6(site.prefixes), strict=True
        )
    }
    return AddressPlan(
        **parts, control_plane=parts["nodes"].ipv4.network_address + _CONTROL_PLANE_OFFSET
    )


def edge_addresses(addresses: AddressPlan) -> tuple[str, str]:
    """Where the site's gateway is reached: its IPv4 and its IPv6 address."""
    return _both(addresses, _EDGE_OFFSET)


def objects_addresses(addresses: AddressPlan) -> tuple[str, str]:
    """Where the gateway of the site's object store is reached, likewise."""
    return _both(addresses, _OBJECTS_OFFSET)


def _both(addresses: AddressPlan, offset: int) -> tuple[str, str]:
    nodes = addresses.nodes
    ipv4, ipv6 = nodes.ipv4.network_address, nodes.ipv6.network_address
    return str(ipv4 + offset), str(ipv6 + offset)


def _cut_ipv4(prefix: IPv4Network) -> tuple[IPv4Network, ...]:
    pods, rest = prefix.subnets(prefixlen_diff=1)
    services, machines = rest.subnets(prefixlen_diff=1)
    nodes, others = machines.subnets(prefixlen_diff=1)
    storage, management = others.subnets(prefixlen_diff=1)
    length = max(services.prefixlen, SERVICES_IPV4_LENGTH_MIN)
    return pods, next(services.subnets(new_prefix=length)), nodes, storage, management


def _cut_ipv6(prefixes: Prefixes) -> tuple[IPv6Network, ...]:
    _, pods, services, *links = islice(prefixes.ipv6.subnets(prefixlen_diff=4), 6)
    return (
        pods,
        next(services.subnets(new_prefix=SERVICES_IPV6_LENGTH)),
        *(next(link.subnets(new_prefix=LINK_IPV6_LENGTH)) for link in links),
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
    for pool in site.nodes:
        if pool.pods_max > PODS_PER_NODE_MAX:
            raise PlanError(
                f"{site.id}: {pool.pods_max} pods on a {pool.purpose} node, "
                f"whose /{PODS_PER_NODE_IPV4_LENGTH} has {PODS_PER_NODE_MAX} addresses",
                "lower pods_max",
            )
