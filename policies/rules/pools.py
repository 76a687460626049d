"""Rules about Ceph's pools: Rook takes any, and writes to one that cannot be placed just hang."""

from __future__ import annotations

from collections.abc import Iterator

from policies.field import Field, Problem, equals, require
from policies.manifest import Manifest, Stack
from policies.norms import gbt
from policies.rule import StackRule

_GROUP = "ceph.rook.io"
_PLACES = {
    "CephBlockPool": ((),),
    "CephObjectStore": (("metadataPool",), ("dataPool",)),
    "CephObjectZone": (("metadataPool",), ("dataPool",)),
}
"""Where in its spec each kind has its pools."""
_DOMAINS = ("host", "rack", "zone")
_SHARED = {"metadataPool": "metadataPoolName", "dataPool": "dataPoolName"}
"""By which name a zone or store shares a pool instead of having one of its own."""
_OF_ZONE = "zone"


def _span_hosts(stack: Stack) -> Iterator[tuple[Manifest, Problem]]:
    for kind, places in _PLACES.items():
        for manifest in stack.of(kind, _GROUP):
            for place in places:
                pool = manifest.root["spec"].at(*place)
                lent = manifest.root.at("spec", "sharedPools", *map(_SHARED.__getitem__, place))
                is_lent = bool(place) and not lent.is_missing
                judged = _lent(stack, manifest, lent) if is_lent else _pool(stack, manifest, pool)
                for problem in judged:
                    yield manifest, problem


def _lent(stack: Stack, manifest: Manifest, name: Field) -> Iterator[Problem]:
    """The pool that lends itself is judged by itself; here it has to be there."""
    pools = {pool.name for pool in stack.of("CephBlockPool", _GROUP, manifest.namespace)}
    hint = f"set {name.path} to a CephBlockPool of the stack, or give it a pool of its own"
    yield from require(name, lambda value: value in pools, hint)


def _pool(stack: Stack, manifest: Manifest, pool: Field) -> Iterator[Problem]:
    if pool.is_missing and not manifest.root.at("spec", _OF_ZONE).is_missing:
        return  # a store in a zone has the zone's pools
    domain = pool["failureDomain"]
    yield from require(domain, equals(*_DOMAINS), f"set {domain.path} to host")
    wanted = _chunks(pool)
    if wanted is None:
        yield Problem(
            f"{pool.path} says neither how often it is kept nor in how many chunks",
            f"set {pool.path}.erasureCoded.dataChunks and codingChunks, or replicated.size",
        )
        return
    for cluster in stack.of("CephCluster", _GROUP, manifest.namespace):
        hosts = cluster.root.at("spec", "storage", "nodes")
        there = len(hosts.value) if isinstance(hosts.value, list) else 0
        if there < wanted + 1:
            yield Problem(
                f"{pool.path} puts a chunk on each of {wanted:g} hosts, and {cluster.subject} has "
                f"{there}",
                f"list {wanted + 1:g} hosts or more in {hosts.path}: one is to heal on",
            )


def _chunks(pool: Field) -> float | None:
    """Hosts that one object lies on; None when that is not said, or not known yet."""
    coded = pool["erasureCoded"]
    counts = [pool["replicated"]["size"].value]
    if not coded.is_missing:
        counts = [coded[key].value for key in ("dataChunks", "codingChunks")]
    numbers = [count for count in counts if isinstance(count, (int, float)) and count > 0]
    return sum(numbers) if len(numbers) == len(counts) else None


RULES = (
    StackRule(
        id="pools-span-hosts",
        sentence="Each pool lies on hosts of its own, with one more to heal on",
        claim="storage",
        rationale="Chunks that share a host fall together; and Rook makes a pool that has too few "
        "hosts without a word: writes to it hang, or a lost host's chunks are never made anew.",
        references=(
            gbt("8.1.2.1 CNS1-05 (redundant key equipment)"),
            gbt("8.1.4.9 CES1-31 (hot redundancy)"),
        ),
        judge=_span_hosts,
        keeps="""\
apiVersion: ceph.rook.io/v1
kind: CephCluster
metadata: {name: ceph, namespace: storage}
spec: {storage: {nodes: [{name: a}, {name: b}, {name: c}, {name: d}]}}
---
apiVersion: ceph.rook.io/v1
kind: CephBlockPool
metadata: {name: blocks, namespace: storage}
spec:
  failureDomain: host
  replicated: {size: 3}
""",
        breaks="""\
apiVersion: ceph.rook.io/v1
kind: CephCluster
metadata: {name: ceph, namespace: storage}
spec: {storage: {nodes: [{name: a}, {name: b}, {name: c}, {name: d}]}}
---
apiVersion: ceph.rook.io/v1
kind: CephBlockPool
metadata: {name: blocks, namespace: storage}
spec:
  failureDomain: host
  replicated: {size: 4}
""",
    ),
)
