"""Rules about network policies: who may talk to whom is said by name."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from infra.plan.edge import EDGE_NAMESPACE
from policies.field import Field, Problem, require
from policies.manifest import Manifest
from policies.norms import gbt, nsa
from policies.rule import ManifestRule
from policies.selector import selects_all

_PEERS = {"ingress": "from", "egress": "to"}


def _name_their_peers(manifest: Manifest) -> Iterator[Problem]:
    if not manifest.is_a("NetworkPolicy", group="networking.k8s.io"):
        return
    for direction, key in _PEERS.items():
        for rule in manifest.root["spec"][direction].each():
            if not _is_public_entry(manifest, direction, rule):
                yield from _peers_are_named(rule[key])


def _is_public_entry(manifest: Manifest, direction: str, rule: Field) -> bool:
    """The edge alone admits everybody, and only on ports that it names."""
    inward = manifest.namespace == EDGE_NAMESPACE and direction == "ingress"
    return inward and not rule["ports"].is_empty and not rule["ports"].is_unknown


def _peers_are_named(peers: Field) -> Iterator[Problem]:
    if peers.is_empty:
        hint = f"list in {peers.path} the namespaces, pods or prefixes that are meant"
        yield Problem(f"{peers.path} is empty, which means everybody", hint)
    for peer in peers.each():
        yield from _peer_is_named(peer)


def _peer_is_named(peer: Field) -> Iterator[Problem]:
    block, namespaces, pods = (peer[key] for key in ("ipBlock", "namespaceSelector", "podSelector"))
    if not block.is_missing:
        hint = f"set {block['cidr'].path} to the prefixes that are meant"
        yield from require(block["cidr"], _is_bounded, hint)
    elif namespaces.is_missing and pods.is_missing:
        yield Problem(f"{peer.path} names nobody", "name a namespace, pods or a prefix")
    elif selects_all(namespaces) and (pods.is_missing or selects_all(pods)):
        hint = f"set matchLabels in {namespaces.path}, such as kubernetes.io/metadata.name"
        yield Problem(f"{namespaces.path} is empty, which means every namespace", hint)


def _is_bounded(cidr: object) -> bool:
    try:
        return isinstance(cidr, str) and ip_network(cidr, strict=False).prefixlen > 0
    except ValueError:
        return False


RULES = (
    ManifestRule(
        id="network-policies-name-their-peers",
        sentence="What a network policy allows, it allows to somebody named",
        claim="security",
        rationale="An allowance without peers, or for 0.0.0.0/0 or ::/0, undoes the default "
        "denial; peers named by label keep their meaning when pods move. The edge alone is open to "
        "everybody, inward, on the ports that it names.",
        references=(
            gbt("8.1.3.2 ABS1-07 (source, destination and port are checked)"),
            gbt("8.2.4.2 CES2-02 (policy follows the workload)"),
            nsa("Network policies"),
        ),
        judge=_name_their_peers,
        keeps="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: from-edge, namespace: city}
spec:
  podSelector: {}
  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}]}]
""",
        breaks="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: from-edge, namespace: city}
spec:
  podSelector: {}
  ingress: [{from: [{ipBlock: {cidr: "::/0"}}]}]
""",
    ),
)
