"""Storage arithmetic: from disks to the bytes that the public may use. 1 PB is 10^15 bytes.

Ceph's own formulas: a pool of k + m chunks stores k bytes in k + m ("Erasure code"), and each
chunk of an object lies on a host of its own (`crush-failure-domain=host`). The cluster warns at
`mon_osd_nearfull_ratio`, 0.85, and heals no further at `mon_osd_backfillfull_ratio`, 0.90.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from province.objectives import Objectives
from province.province import Province
from province.sites import Purpose, Site

NEARFULL_RATIO = 0.85
"""Ceph's `mon_osd_nearfull_ratio`: no loss of a host may bring the disks above it."""
BACKFILLFULL_RATIO = 0.90
"""Ceph's `mon_osd_backfillfull_ratio`: it heals no further onto a disk as full as that."""
FULL_RATIO = 0.95
"""Ceph's `mon_osd_full_ratio`: nothing more is written."""
FILL_RATIO_MAX = 0.72
"""Planned fill: with one host of seven lost it is 0.72 × 7/6 = 0.84, below `NEARFULL_RATIO`."""
SITES_PER_BYTE = 2
"""Each byte lies at a site and at its backup partner."""
OSD_MEMORY_GIB = 8
"""What one disk's daemon takes, with room to heal in (Ceph's `osd_memory_target` and as much)."""
OSD_CPU_CORES = 2
"""At most; one is enough while nothing heals."""
TB_PER_GIB = 2**30 / 10**12
"""Volumes are asked for in GiB; disks are sold in TB."""
YEARS_MAX = 50.0
"""Beyond it a plan of disks says nothing."""
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """A pool that every site with storage has; `raw_ratio` is its share of the disks.

    One chunk of data and `chunks_coding` more are copies: a replicated pool.
    """

    name: str
    chunks_data: int
    chunks_coding: int
    raw_ratio: float

    @property
    def hosts_min(self) -> int:
        """A host for each chunk, and one more on which a lost host's chunks are made anew."""
        return self.chunks_data + self.chunks_coding + 1

    @property
    def usable_ratio(self) -> float:
        """Bytes stored for each byte of a disk that is full."""
        return self.chunks_data / (self.chunks_data + self.chunks_coding)


RESOURCES = Pool(name="resources", chunks_data=4, chunks_coding=2, raw_ratio=0.96)
"""Public storage. Two hosts of a site may fail; 4+2 is preferred for Ceph at six to nine hosts."""
METADATA = Pool(name="metadata", chunks_data=1, chunks_coding=2, raw_ratio=0.02)
"""Indexes of buckets: erasure-coded pools take no omap. Planning: a fiftieth of the disks."""
BLOCKS = Pool(name="blocks", chunks_data=1, chunks_coding=2, raw_ratio=0.02)
"""Volumes, the base database's first of all. Planning: a fiftieth of the disks."""
POOLS = (RESOURCES, METADATA, BLOCKS)


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageOutlook:
    """How a site's public storage fills: TB, growth in its first year, and when to buy.

    `limit_tb` is what may be stored so that the largest host may still be lost.
    `years` from the opening until it is reached; `buy_on` is a purchase's time before.
    `full_ratio_after_loss` is of the opening, with the largest host lost.
    """

    stored_tb: float
    growth_tb_per_year: float
    limit_tb: float
    full_ratio_after_loss: float
    years: float
    buy_on: date


def raw_tb(site: Site) -> int:
    """All disks of the site's storage pool, in TB."""
    return sum(host_tb(site))


def host_tb(site: Site) -> tuple[int, ...]:
    """Each storage host's disks, in TB."""
    pool = site.pool(Purpose.STORAGE)
    return (pool.disks * pool.disk_tb,) * pool.count if pool else ()


def usable_tb(site: Site) -> float:
    """What the public may store at the site, its own and the copies that it keeps, in TB."""
    return raw_tb(site) * RESOURCES.raw_ratio * RESOURCES.usable_ratio * FILL_RATIO_MAX


def usable_pb(province: Province) -> float:
    """What may be stored in the whole province, in PB, once all copies are counted."""
    return sum(usable_tb(site) for site in province.sites) / 1000 / SITES_PER_BYTE


def volumes_tb(site: Site) -> float:
    """What the site's volumes may hold, in TB."""
    return raw_tb(site) * BLOCKS.raw_ratio * BLOCKS.usable_ratio * FILL_RATIO_MAX


def needed_tb(objectives: Objectives, users: int) -> float:
    """The bytes of that many users, in TB: each has an even share of the promised storage."""
    return objectives.storage_pb_min * 1000 * users / objectives.users_concurrent_min


def full_after_loss(hosts: Sequence[int], ratio: float) -> float:
    """How full the disks are once the largest host's bytes lie on the others.

    `hosts` are sizes in any one unit, all filled to `ratio`. Infinite where no other host is.
    """
    left = sum(hosts) - max(hosts, default=0)
    return ratio * sum(hosts) / left if left else math.inf


def limit_tb(site: Site) -> float:
    """What may be stored at most so that the largest host's loss stays below `NEARFULL_RATIO`."""
    left = raw_tb(site) - max(host_tb(site), default=0)
    return left * NEARFULL_RATIO * RESOURCES.raw_ratio * RESOURCES.usable_ratio


def years_until(stored: float, limit: float, growth_ratio: float) -> float:
    """Years until what is stored has grown to the limit, at compound growth: ln(l/s) / ln(1+g).

    0 where it is reached already; never more than `YEARS_MAX`.
    """
    if stored >= limit:
        return 0.0
    if not stored:
        return YEARS_MAX
    return min(YEARS_MAX, math.log(limit / stored) / math.log1p(growth_ratio))


def outlook(province: Province, site: Site) -> StorageOutlook:
    """How the site fills, from the opening on: it keeps its own users' bytes and its ward's."""
    growth = province.storage.growth_ratio_per_year.value
    stored, limit = needed_tb(province.objectives, _users_kept(province, site)), limit_tb(site)
    years = years_until(stored, limit, growth)
    wait = max(0.0, years - province.storage.purchase_years.value)
    return StorageOutlook(
        stored_tb=stored,
        growth_tb_per_year=stored * growth,
        limit_tb=limit,
        full_ratio_after_loss=NEARFULL_RATIO * stored / limit if limit else math.inf,
        years=years,
        buy_on=province.storage.opens_on + timedelta(days=int(wait * _DAYS_PER_YEAR)),
    )


def _users_kept(province: Province, site: Site) -> int:
    """Users whose bytes lie at the site: its own, and those of whom it is the backup partner."""
    return site.users_concurrent + sum(
        other.users_concurrent for other in province.sites if other.backup_partner == site.id
    )
