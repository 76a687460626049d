"""Volumes of a site: the class that claims name, and the pool that Ceph's driver cuts them from."""

from __future__ import annotations

from dataclasses import dataclass

from province.storage import BLOCKS

STORAGE_CLASS = "ceph-block"


@dataclass(frozen=True, kw_only=True, slots=True)
class BlocksPlan:
    """A StorageClass and, for backups of its volumes, a VolumeSnapshotClass of the same name.

    `cluster` is the namespace of the CephCluster, where Rook puts the driver's Secrets too. Where
    `is_retained`, a volume outlives its claim.
    """

    name: str
    driver: str
    cluster: str
    pool: str
    is_retained: bool


def plan_blocks(cluster: str, operator: str, *, is_retained: bool) -> BlocksPlan:
    """The driver bears the name of the namespace that Rook's `operator` is in."""
    return BlocksPlan(
        name=STORAGE_CLASS,
        driver=f"{operator}.rbd.csi.ceph.com",
        cluster=cluster,
        pool=BLOCKS.name,
        is_retained=is_retained,
    )
