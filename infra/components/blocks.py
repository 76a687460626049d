"""A site's volumes: how a claim comes to one, and how one is copied for a backup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.storage import v1 as storage

from infra.components.metadata import metadata
from infra.plan.blocks import BlocksPlan

_CSI = "csi.storage.k8s.io"
_SNAPSHOTS, _SNAPSHOT_CLASS = "snapshot.storage.k8s.io/v1", "VolumeSnapshotClass"
"""It has no `spec`, and the SDK's own class for custom resources takes nothing but that."""
_PROVISIONER, _NODE = "rook-csi-rbd-provisioner", "rook-csi-rbd-node"
"""The Secrets that Rook makes for its driver."""
_FOR_VELERO = {"velero.io/csi-volumesnapshot-class": "true"}
"""Without a class of that label Velero leaves the driver's volumes out."""


class Blocks(pulumi.ComponentResource):
    """`classes` are what a claim needs; they hold no data themselves."""

    def __init__(
        self,
        plan: BlocksPlan,
        labels: Mapping[str, str],
        needs: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("suyun:storage:Blocks", plan.name, None, opts)
        within = pulumi.ResourceOptions(parent=self, depends_on=list(needs))
        of_volumes = storage.StorageClass(
            plan.name,
            metadata=metadata(plan.name, labels),
            provisioner=plan.driver,
            parameters=_volumes(plan),
            reclaim_policy="Retain" if plan.is_retained else "Delete",
            allow_volume_expansion=True,
            opts=within,
        )
        of_snapshots = pulumi.CustomResource(
            f"kubernetes:{_SNAPSHOTS}:{_SNAPSHOT_CLASS}",
            plan.name,
            {
                "apiVersion": _SNAPSHOTS,
                "kind": _SNAPSHOT_CLASS,
                "metadata": metadata(plan.name, {**labels, **_FOR_VELERO}),
                "driver": plan.driver,
                # A snapshot is there until its bytes are at the partner's.
                "deletionPolicy": "Delete",
                "parameters": _snapshots(plan),
            },
            within,
        )
        self.classes: tuple[pulumi.Resource, ...] = (of_volumes, of_snapshots)
        self.register_outputs({})


def _volumes(plan: BlocksPlan) -> dict[str, str]:
    """As Rook's own example has them: images that every kernel of today can map."""
    return {
        "clusterID": plan.cluster,
        "pool": plan.pool,
        "imageFormat": "2",
        "imageFeatures": "layering",
        f"{_CSI}/fstype": "ext4",
        **_secret("provisioner", _PROVISIONER, plan),
        **_secret("controller-expand", _PROVISIONER, plan),
        **_secret("node-stage", _NODE, plan),
    }


def _snapshots(plan: BlocksPlan) -> dict[str, str]:
    return {"clusterID": plan.cluster, **_secret("snapshotter", _PROVISIONER, plan)}


def _secret(whose: str, name: str, plan: BlocksPlan) -> dict[str, str]:
    return {f"{_CSI}/{whose}-secret-name": name, f"{_CSI}/{whose}-secret-namespace": plan.cluster}
