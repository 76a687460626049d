"""Storage arithmetic: from disks to the bytes that the public may use. 1 PB is 10^15 bytes."""

from __future__ import annotations

from province.objectives import Objectives
from province.province import Province
from province.sites import Purpose, Site

CHUNKS_DATA = 4
CHUNKS_CODING = 2
"""Erasure coding 4+2: two hosts of a site may fail; preferred for Ceph at six to nine hosts."""
FILL_RATIO_MAX = 0.75
"""Planned fill: with one host of seven lost it is 0.75 × 7/6 = 0.875, below the 0.90 (Ceph's
backfill-full ratio) at which the healing would stop."""
SITES_PER_BYTE = 2
"""Each byte lies at a site and at its backup partner."""


def raw_tb(site: Site) -> int:
    """All disks of the site's storage pool, in TB."""
    pool = site.pool(Purpose.STORAGE)
    return pool.count * pool.disks * pool.disk_tb if pool else 0


def usable_pb(province: Province) -> float:
    """What may be stored in the whole province, in PB, once all copies are counted."""
    raw_pb = sum(raw_tb(site) for site in province.sites) / 1000
    coded = raw_pb * CHUNKS_DATA / (CHUNKS_DATA + CHUNKS_CODING)
    return coded * FILL_RATIO_MAX / SITES_PER_BYTE


def usable_tb(site: Site) -> float:
    """What may be stored at the site, its own and the copies that it keeps, in TB."""
    coded = raw_tb(site) * CHUNKS_DATA / (CHUNKS_DATA + CHUNKS_CODING)
    return coded * FILL_RATIO_MAX


def needed_tb(objectives: Objectives, users: int) -> float:
    """The bytes of that many users, in TB: each has an even share of the promised storage."""
    return objectives.storage_pb_min * 1000 * users / objectives.users_concurrent_min
