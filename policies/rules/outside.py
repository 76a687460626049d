"""Rules about what may be reached outside the province."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from policies.field import Field, Problem, require
from policies.manifest import Manifest
from policies.norms import gbt, nsa
from policies.rule import ManifestRule

_HOST_BITS_MAX = 4
"""A destination is a handful of machines (a /28 or a /124), never somebody's whole network."""

_INSIDE_IPV4 = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_INSIDE_IPV6 = IPv6Network("fc00::/7")


def _few_outside(manifest: Manifest) -> Iterator[Problem]:
    if not manifest.is_a("NetworkPolicy", group="networking.k8s.io"):
        return
    for rule in manifest.root["spec"]["egress"].each():
        blocks = [peer["ipBlock"] for peer in rule["to"].each()]
        for block in (block for block in blocks if not block.is_missing):
            hint = f"set {block['cidr'].path} to the few machines that are meant"
            yield from require(block["cidr"], _is_narrow, hint)
            yield from _ports_are_named(rule["ports"])


def _ports_are_named(ports: Field) -> Iterator[Problem]:
    hint = f"list in {ports.path} the ports that are meant"
    yield from require(ports, lambda value: isinstance(value, list) and value != [], hint)
    for port in ports.each():
        yield from require(port["port"], lambda value: value not in (0, ""), hint)


def _is_narrow(cidr: object) -> bool:
    try:
        network = ip_network(cidr, strict=False) if isinstance(cidr, str) else None
    except ValueError:
        return False
    if network is None:
        return False
    return network.max_prefixlen - network.prefixlen <= _HOST_BITS_MAX or _is_inside(network)


def _is_inside(network: IPv4Network | IPv6Network) -> bool:
    """Whether all of it is private (RFC 1918, RFC 4193): a site of our own, not the outside."""
    if isinstance(network, IPv4Network):
        return any(network.subnet_of(own) for own in _INSIDE_IPV4)
    return network.subnet_of(_INSIDE_IPV6)


RULES = (
    ManifestRule(
        id="egress-by-address-is-narrow",
        sentence="What is reached outside by address is a few machines, on named ports",
        claim="exchange",
        rationale="Records of pupils leave the province at one place, to one receiver; a wide "
        "prefix or an open port is a way out for everything else.",
        references=(
            gbt("8.1.3.1 ABS1-02 (no unauthorised connection to outside)"),
            gbt("8.1.3.2 ABS1-07 (source, destination and port are checked)"),
            nsa("Network policies"),
        ),
        judge=_few_outside,
        keeps="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: to-national, namespace: exchange}
spec:
  podSelector: {}
  egress: [{to: [{ipBlock: {cidr: 192.0.2.16/31}}], ports: [{protocol: TCP, port: 443}]}]
""",
        breaks="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: to-national, namespace: exchange}
spec:
  podSelector: {}
  egress: [{to: [{ipBlock: {cidr: 192.0.0.0/16}}], ports: [{protocol: TCP, port: 443}]}]
""",
    ),
)
