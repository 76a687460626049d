"""Rules about what holds data: it outlives its stack."""

from __future__ import annotations

from collections.abc import Iterator

from infra.plan.labels import ENVIRONMENT_LABEL, PROTECTION_LABEL, RETAINED
from policies.field import Problem, equals, require
from policies.manifest import Manifest
from policies.norms import gbt
from policies.rule import ManifestRule

_STATEFUL = (
    ("CephCluster", "ceph.rook.io"),
    ("CephBlockPool", "ceph.rook.io"),
    ("CephObjectStore", "ceph.rook.io"),
    ("CephObjectRealm", "ceph.rook.io"),
    ("CephObjectZoneGroup", "ceph.rook.io"),
    ("CephObjectZone", "ceph.rook.io"),
)
"""Kinds whose end is, or may be, the end of data."""
_NOT_LASTING = ("rehearsal",)


def _is_one_of(manifest: Manifest, kinds: tuple[tuple[str, str], ...]) -> bool:
    return any(manifest.is_a(kind, group) for kind, group in kinds)


def _protected(manifest: Manifest) -> Iterator[Problem]:
    labels = manifest.root.at("metadata", "labels")
    if not _is_one_of(manifest, _STATEFUL) or labels[ENVIRONMENT_LABEL].value in _NOT_LASTING:
        return
    hint = f"give it the options protect and retain_on_delete, and the label {PROTECTION_LABEL}"
    yield from require(labels[PROTECTION_LABEL], equals(RETAINED), f"{hint}: {RETAINED}")


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
apiVersion: ceph.rook.io/v1
kind: CephObjectRealm
metadata:
  name: jiangsu
  namespace: storage
  labels: {suyun.io/environment: production, suyun.io/protection: retained}
""",
        breaks="""\
apiVersion: ceph.rook.io/v1
kind: CephObjectRealm
metadata:
  name: jiangsu
  namespace: storage
  labels: {suyun.io/environment: production, suyun.io/protection: removable}
""",
    ),
)
