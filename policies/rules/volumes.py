"""Rules about volumes: a claim for one that nothing can make just stays pending, with its pods."""

from __future__ import annotations

from collections.abc import Iterator

from policies.field import Field, Problem, require
from policies.manifest import Manifest, Stack
from policies.norms import gbt, k8s
from policies.rule import StackRule

_CLASSES = "storage.k8s.io"
_OF_CEPH = ".rbd.csi.ceph.com"
_CLAIMS = (
    ("PersistentVolumeClaim", "", ("storageClassName",)),
    ("Cluster", "postgresql.cnpg.io", ("storage", "storageClass")),
    ("Cluster", "postgresql.cnpg.io", ("walStorage", "storageClass")),
)
"""Where in its spec each kind names the class of its volumes."""


def _come_from_a_pool(stack: Stack) -> Iterator[tuple[Manifest, Problem]]:
    classes = {found.name for found in stack.of("StorageClass", _CLASSES)}
    for kind, group, place in _CLAIMS:
        for claim in stack.of(kind, group):
            for problem in _claimed(claim.root["spec"].at(*place), classes):
                yield claim, problem
    for made in stack.of("StorageClass", _CLASSES):
        for problem in _cut(stack, made):
            yield made, problem


def _claimed(name: Field, classes: set[str]) -> Iterator[Problem]:
    hint = f"set {name.path} to a StorageClass of the stack; it has "
    yield from require(name, lambda value: value in classes, hint + _listed(classes))


def _cut(stack: Stack, made: Manifest) -> Iterator[Problem]:
    """From a pool of the CephCluster that the class names; other drivers know their own."""
    if not made.root["provisioner"].text.endswith(_OF_CEPH):
        return
    parameters = made.root["parameters"]
    home, pool = parameters["clusterID"], parameters["pool"]
    pools = {one.name for one in stack.of("CephBlockPool", "ceph.rook.io", home.text)}
    hint = f"set {pool.path} to a CephBlockPool in {home.path}'s namespace; it has {_listed(pools)}"
    yield from require(pool, lambda value: value in pools, hint)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


RULES = (
    StackRule(
        id="volumes-come-from-a-pool",
        sentence="Each volume's class is of the stack, and so is the pool that it is cut from",
        claim="storage",
        rationale="A claim that names a class which nobody makes is taken without a word and stays "
        "pending, and so does the database that waits for it; a claim that names none gets the "
        "cluster's default, on disks that no plan counts.",
        references=(
            gbt("8.1.4.9 CES1-31 (hot redundancy)"),
            k8s("Storage Classes"),
        ),
        judge=_come_from_a_pool,
        keeps="""\
apiVersion: ceph.rook.io/v1
kind: CephBlockPool
metadata: {name: blocks, namespace: storage}
spec: {failureDomain: host, replicated: {size: 3}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: ceph-block}
provisioner: rook-ceph.rbd.csi.ceph.com
parameters: {clusterID: storage, pool: blocks}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: notes, namespace: city}
spec: {storageClassName: ceph-block}
""",
        breaks="""\
apiVersion: ceph.rook.io/v1
kind: CephBlockPool
metadata: {name: blocks, namespace: storage}
spec: {failureDomain: host, replicated: {size: 3}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: ceph-block}
provisioner: rook-ceph.rbd.csi.ceph.com
parameters: {clusterID: storage, pool: blocks}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: notes, namespace: city}
spec: {storageClassName: fast}
""",
    ),
)
