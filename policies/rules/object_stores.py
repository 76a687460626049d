"""Rules about Rook's object stores: who replicates, and whose pods may touch the machine."""

from __future__ import annotations

from collections.abc import Iterator

from policies.field import Problem, forbid, is_true
from policies.manifest import Manifest, Stack
from policies.norms import gbt, pss, rook
from policies.rule import ManifestRule, StackRule

_GROUP = "ceph.rook.io"
_ENFORCE = "pod-security.kubernetes.io/enforce"
_WORKLOADS = (
    ("Deployment", "apps"),
    ("StatefulSet", "apps"),
    ("DaemonSet", "apps"),
    ("Job", "batch"),
    ("CronJob", "batch"),
    ("Pod", ""),
)


def _replicate_alone(stack: Stack) -> Iterator[tuple[Manifest, Problem]]:
    zones: dict[tuple[str, str], list[Manifest]] = {}
    for store in stack.of("CephObjectStore", _GROUP):
        zone = store.root.at("spec", "zone", "name")
        if not zone.is_missing:
            zones.setdefault((store.namespace, zone.text), []).append(store)
    for stores in zones.values():
        yield from _one_of(stores)


def _one_of(stores: list[Manifest]) -> Iterator[tuple[Manifest, Problem]]:
    """Of a zone's stores one replicates, by one gateway."""
    syncing = [store for store in stores if not _is_for_clients(store)]
    if not syncing:
        hint = "add a CephObjectStore of that zone with one instance and no such line"
        for store in stores:
            yield store, Problem("no store of its zone replicates", hint)
    for store in syncing:
        instances = store.root.at("spec", "gateway", "instances")
        if len(syncing) > 1 or instances.value != 1:
            hint = "set spec.gateway.disableMultisiteSyncTraffic to true in those for clients, "
            hint += "and instances to 1 in the one that replicates"
            evidence = f"{len(syncing)} stores of its zone replicate, and {instances.seen}"
            yield store, Problem(evidence, hint)


def _is_for_clients(store: Manifest) -> bool:
    return is_true(store.root.at("spec", "gateway", "disableMultisiteSyncTraffic").value)


def _drive_disks_alone(stack: Stack) -> Iterator[tuple[Manifest, Problem]]:
    for namespace in stack.of("Namespace", group=""):
        level = namespace.root.at("metadata", "labels", _ENFORCE)
        if level.value != "privileged" and not level.is_unknown:
            continue
        if not any(stack.of("CephCluster", _GROUP, namespace.name)):
            hint = f"set the label {_ENFORCE} to restricted"
            yield namespace, Problem("admits privileged pods, and no CephCluster is in it", hint)
        for kind, group in _WORKLOADS:
            for other in stack.of(kind, group, namespace.name):
                hint = f"move {other.subject} into a namespace of its own"
                yield other, Problem(f"lives in {namespace.name}, which admits all pods", hint)


def _administer_nothing(manifest: Manifest) -> Iterator[Problem]:
    if manifest.is_a("CephObjectStoreUser", _GROUP):
        powers = manifest.root.at("spec", "capabilities")
        yield from forbid(powers, bool, f"remove {powers.path}; operators have users of their own")


RULES = (
    StackRule(
        id="sync-gateways-are-alone",
        sentence="Each zone of the object store is replicated by one gateway that does only that",
        claim="backup",
        rationale="Two gateways that replicate wait for each other's locks, and objects arrive at "
        "the other site later; one that serves users besides falls behind in their busiest hour.",
        references=(
            rook("Object Store Multisite: Scaling a Multisite"),
            gbt("8.1.4.9 CES1-30 (real-time backup to another place)"),
        ),
        judge=_replicate_alone,
        keeps="""\
apiVersion: ceph.rook.io/v1
kind: CephObjectStore
metadata: {name: suzhou-sync, namespace: storage}
spec:
  zone: {name: suzhou}
  gateway: {instances: 1}
""",
        breaks="""\
apiVersion: ceph.rook.io/v1
kind: CephObjectStore
metadata: {name: suzhou-sync, namespace: storage}
spec:
  zone: {name: suzhou}
  gateway: {instances: 2}
""",
    ),
    StackRule(
        id="privileged-pods-drive-disks-alone",
        sentence="Only the namespace of a Ceph cluster admits privileged pods, and none but its",
        claim="security",
        rationale="Ceph's daemons need the machine's disks, so their namespace cannot be "
        "restricted; any other pod in it could then take the machine.",
        references=(
            gbt("8.1.4.4 CES1-17 (least installation)"),
            gbt("8.1.2.1 CNS1-03 (separate areas)"),
            pss("privileged: system- and infrastructure-level workloads"),
        ),
        judge=_drive_disks_alone,
        keeps="""\
apiVersion: v1
kind: Namespace
metadata: {name: storage, labels: {pod-security.kubernetes.io/enforce: privileged}}
---
apiVersion: ceph.rook.io/v1
kind: CephCluster
metadata: {name: ceph, namespace: storage}
""",
        breaks="""\
apiVersion: v1
kind: Namespace
metadata: {name: storage, labels: {pod-security.kubernetes.io/enforce: privileged}}
---
apiVersion: ceph.rook.io/v1
kind: CephCluster
metadata: {name: ceph, namespace: elsewhere}
""",
    ),
    ManifestRule(
        id="object-users-administer-nothing",
        sentence="No user of an object store, whose keys programs have, may administer it",
        claim="backup",
        rationale="Versions outlive a thief because a bucket's policy denies these keys to remove "
        "them; a capability lets the same keys take the bucket, or read a user's keys, past it.",
        references=(
            gbt("8.1.4.2 CES1-08 (least privilege, separate administrators)"),
            gbt("8.1.4.9 CES1-29 (important data is backed up and can be restored)"),
            rook("Object Store User: capabilities"),
        ),
        judge=_administer_nothing,
        keeps="""\
apiVersion: ceph.rook.io/v1
kind: CephObjectStoreUser
metadata: {name: archive, namespace: storage}
spec: {store: main, displayName: archive}
""",
        breaks="""\
apiVersion: ceph.rook.io/v1
kind: CephObjectStoreUser
metadata: {name: archive, namespace: storage}
spec: {store: main, displayName: archive, capabilities: {buckets: "*"}}
""",
    ),
)
