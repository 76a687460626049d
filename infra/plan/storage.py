"""A site's Ceph cluster: its hosts, its pools, and how many bytes each of them may hold.

Depends on the site's own machines alone. How a site fills over the years depends on whose copies
it keeps; that is `province.storage.outlook`, as are the rules that a pool can be placed and healed.
"""

from __future__ import annotations

from dataclasses import dataclass

from province.sites import Purpose, Site
from province.storage import BLOCKS, FILL_RATIO_MAX, POOLS, Pool, full_after_loss, host_tb

FAILURE_DOMAIN = "host"
"""Six racks place the six chunks of 4+2 but leave none to heal on; a lost zone is the backup
partner's case."""
DEVICE_CLASS = "hdd"
"""Disks of this size; Ceph finds the class of each device itself."""
_BYTES_PER_TB = 10**12


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolPlan:
    """One Ceph pool: each object is `k` chunks of data and `m` of coding, on k + m hosts.

    `k` of 1 is a replicated pool of 1 + `m` copies. `application` is what Ceph is told that it is
    for: `rgw` for objects, `rbd` for volumes. `raw_bytes` is the pool's share of the
    disks, `usable_bytes` what may be stored in it.
    """

    name: str
    k: int
    m: int
    failure_domain: str
    device_class: str
    application: str
    raw_bytes: int
    usable_bytes: int

    @property
    def hosts_min(self) -> int:
        """Hosts with which the pool is whole again after one is lost."""
        return self.k + self.m + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class StoragePlan:
    """A site's Ceph cluster. `hosts` are its machines' names, with `osds_per_host` disks each.

    `full_ratio_after_loss` is how full the disks are when all usable bytes are stored and the
    largest host is lost.
    """

    hosts: tuple[str, ...]
    osds_per_host: int
    osd_bytes: int
    full_ratio_after_loss: float
    pools: tuple[PoolPlan, ...]

    @property
    def raw_bytes(self) -> int:
        """All disks of the cluster."""
        return len(self.hosts) * self.osds_per_host * self.osd_bytes

    @property
    def usable_bytes(self) -> dict[str, int]:
        """Each pool's, by its name."""
        return {pool.name: pool.usable_bytes for pool in self.pools}


def plan_storage(site: Site, hosts: tuple[str, ...]) -> StoragePlan | None:
    """The cluster on the site's storage machines, by their names; None where it has none."""
    pool = site.pool(Purpose.STORAGE)
    if pool is None:
        return None
    raw_bytes = sum(host_tb(site)) * _BYTES_PER_TB
    return StoragePlan(
        hosts=hosts,
        osds_per_host=pool.disks,
        osd_bytes=pool.disk_tb * _BYTES_PER_TB,
        full_ratio_after_loss=full_after_loss(host_tb(site), FILL_RATIO_MAX),
        pools=tuple(_pool(one, raw_bytes) for one in POOLS),
    )


def _pool(pool: Pool, raw_bytes: int) -> PoolPlan:
    raw = int(raw_bytes * pool.raw_ratio)
    return PoolPlan(
        name=pool.name,
        k=pool.chunks_data,
        m=pool.chunks_coding,
        failure_domain=FAILURE_DOMAIN,
        device_class=DEVICE_CLASS,
        application="rbd" if pool == BLOCKS else "rgw",
        raw_bytes=raw,
        usable_bytes=int(raw * pool.usable_ratio * FILL_RATIO_MAX),
    )
