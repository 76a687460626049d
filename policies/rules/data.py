"""Rules about what holds data: it outlives its stack, and a copy of it lies elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from infra.plan.labels import (
    ENVIRONMENT_LABEL,
    KEPT_IN_LABEL,
    PREFECTURE_LABEL,
    PROTECTION_LABEL,
    RETAINED,
)
from policies.field import Field, Problem, equals, require
from policies.manifest import Manifest
from policies.norms import gbt
from policies.rule import ManifestRule

_LOCATION = ("BackupStorageLocation", "velero.io")
_ARCHIVE = ("ObjectStore", "barmancloud.cnpg.io")
_STATEFUL = (
    _LOCATION,
    _ARCHIVE,
    ("Schedule", "velero.io"),
    ("Cluster", "postgresql.cnpg.io"),
    ("ScheduledBackup", "postgresql.cnpg.io"),
    ("CephCluster", "ceph.rook.io"),
    ("CephBlockPool", "ceph.rook.io"),
    ("CephObjectStore", "ceph.rook.io"),
    ("CephObjectRealm", "ceph.rook.io"),
    ("CephObjectZoneGroup", "ceph.rook.io"),
    ("CephObjectZone", "ceph.rook.io"),
    ("CephObjectStoreUser", "ceph.rook.io"),
)
"""Kinds whose end is, or may be, the end of data."""
_NOT_LASTING = ("rehearsal",)


def _is_one_of(manifest: Manifest, kinds: tuple[tuple[str, str], ...]) -> bool:
    return any(manifest.is_a(kind, group) for kind, group in kinds)


def _protected(manifest: Manifest) -> Iterator[Problem]:
    labels = manifest.root.at("metadata", "labels")
    if not _is_one_of(manifest, _STATEFUL) or labels[ENVIRONMENT_LABEL].value in _NOT_LASTING:
        return
    if manifest.root.at("spec", "accessMode").value == "ReadOnly":
        return  # a place that is only read from belongs to somebody else
    hint = f"give it the options protect and retain_on_delete, and the label {PROTECTION_LABEL}"
    yield from require(labels[PROTECTION_LABEL], equals(RETAINED), f"{hint}: {RETAINED}")


def _elsewhere(manifest: Manifest) -> Iterator[Problem]:
    if not _is_one_of(manifest, (_LOCATION, _ARCHIVE)):
        return
    labels = manifest.root.at("metadata", "labels")
    own, kept_in = labels[PREFECTURE_LABEL], labels[KEPT_IN_LABEL]
    for label in (own, kept_in):
        yield from require(label, _is_name, f"set {label.path} to a prefecture's id")
    if _is_name(own.value) and own.value == kept_in.value:
        hint = (
            f"keep the copy in the object store of a partner in another prefecture than {own.text}"
        )
        yield Problem(f"{kept_in.seen}, as {_short(own)} is", hint)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _short(field: Field) -> str:
    return field.path.removeprefix("metadata.labels")


RULES = (
    ManifestRule(
        id="stateful-resources-are-protected",
        sentence="What holds data stays when its stack goes, everywhere but in a rehearsal",
        claim="backup",
        rationale="A destroy, a renamed resource or a line lost in a merge then takes no pupil's "
        "work along: Pulumi refuses to delete it, and leaves the object where it is.",
        references=(
            gbt("8.1.4.9 CES1-29 (important data is backed up and can be restored)"),
            gbt("8.1.4.7 CES1-26 (integrity of what is stored)"),
        ),
        judge=_protected,
        keeps="""\
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata:
  name: base-main
  namespace: database
  labels: {suyun.io/environment: production, suyun.io/protection: retained}
spec: {instances: 3}
""",
        breaks="""\
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata:
  name: base-main
  namespace: database
  labels: {suyun.io/environment: production, suyun.io/protection: removable}
spec: {instances: 3}
""",
    ),
    ManifestRule(
        id="backups-leave-the-prefecture",
        sentence="Each backup and archive lies in another prefecture than what it is a copy of",
        claim="backup",
        rationale="One flood, fire or power cut takes a data center and all that lies beside it; "
        "the source document asks for copies in another place.",
        references=(
            gbt("8.1.4.9 CES1-30 (real-time backup to another place)"),
            gbt("8.2.4.6 CES2-15 (where data and its copies lie can be asked)"),
        ),
        judge=_elsewhere,
        keeps="""\
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata:
  name: own
  namespace: backup
  labels: {suyun.io/prefecture: nanjing, suyun.io/kept-in: xuzhou}
spec: {provider: aws}
""",
        breaks="""\
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata:
  name: own
  namespace: backup
  labels: {suyun.io/prefecture: nanjing, suyun.io/kept-in: nanjing}
spec: {provider: aws}
""",
    ),
)
