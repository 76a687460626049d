"""How long stored bytes last: the Markov model of redundant storage, by its published formula.

Chen, Lee, Gibson, Katz and Patterson, "RAID: High-Performance, Reliable Secondary Storage" (ACM
Computing Surveys 26(2), 1994), model a group of units that fail independently and are repaired one
at a time, both at constant rates; its mean time to data loss (MTTDL) is that of a birth and death
process to its first visit of a state (Ross, "Introduction to Probability Models", section 6.3). A
chunk of an erasure-coded object is a unit here, and so is, one level up, a whole site.

What the model leaves out makes it too good: failures that come together (a bad batch of disks, a
bug, an operator's mistake) and unreadable sectors found only in a repair. Greenan, Plank and Wylie,
"Mean time to meaningless" (HotStorage 2010), say why its figures compare designs, and promise none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from province.storage import Pool

PGS_PER_DISK = 100
"""Chunks that a disk has part in: Ceph's `mon_target_pg_per_osd`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureRates:
    """Failures a year, each for good. Assumptions, but for the disk's.

    `disk`: Backblaze, "Drive Stats for 2024": 1.57 % of all drives in a year. `host`: a machine
    that takes all its disks with it; most machines that fail keep them. `site`: fire or flood, once
    in a thousand years.
    """

    disk: float = 0.0157
    host: float = 0.01
    site: float = 0.001


@dataclass(frozen=True, kw_only=True, slots=True)
class RepairTimes:
    """Years until what was lost is whole again: from a site's own hosts, or over the network.

    `site` is that of a lost site, new machines included; `copy` that of all a site's bytes once
    more over its link, in the worst case. Infinite where a link has no room for it.
    """

    host: float
    copy: float
    site: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Durability:
    """Mean years until any one object is lost, and until a site first needs its partner's copy.

    `machines_years` is by disks and hosts alone, `site_years` with the whole site's loss too, and
    `sites_years` with the partner's copy. `first_group_years` is until the site loses the first
    of its placement groups to disks and hosts.
    """

    machines_years: float
    site_years: float
    sites_years: float
    first_group_years: float


def durability(pool: Pool, disks: int, rates: FailureRates, repair: RepairTimes) -> Durability:
    """Of objects in a pool at one of two sites with `disks` disks each.

    A chunk is lost with its disk or with its host, and takes as long as a host to be made anew:
    too long for a disk's, but a mean of both would hide the few long ones, in which most is lost.
    A site loses an object with m + 1 chunks, or with all that it has.
    """
    chunks = pool.chunks_data + pool.chunks_coding
    one = mttdl_years(chunks, pool.chunks_coding, rates.disk + rates.host, repair.host)
    lost = 1 / one + rates.site
    gap = (repair.copy / one + rates.site * repair.site) / lost
    return Durability(
        machines_years=one,
        site_years=1 / lost,
        sites_years=mttdl_years(2, 1, lost, gap),
        first_group_years=one / placement_groups(pool, disks),
    )


def mttdl_years(units: int, tolerated: int, failures: float, repair_years: float) -> float:
    """Mean years until more than `tolerated` of `units` units are lost at once.

    Each fails `failures` times a year; one at a time is repaired, in `repair_years` on average.
    With i units lost, the mean time until one more is E_i = (1 + E_(i-1) / repair_years) /
    ((units - i) x failures); the answer is their sum. For one tolerated loss of n units this is
    the well-known ((2n - 1) f + r) / (n (n - 1) f^2), with r = 1 / repair_years.
    """
    mean = total = 0.0
    for lost in range(tolerated + 1):
        repairs = 1 / repair_years if lost else 0.0
        mean = (1 + repairs * mean) / ((units - lost) * failures)
        total += mean
    return total


def placement_groups(pool: Pool, disks: int) -> float:
    """Groups of objects that lie on the same disks; each is lost or kept as one."""
    return max(1.0, disks * PGS_PER_DISK / (pool.chunks_data + pool.chunks_coding))


def nines(mean_years: float) -> float:
    """Nines of being kept for a year, as in 0.999: 3.0. The chance of a loss is 1 - exp(-1/y)."""
    return -math.log10(-math.expm1(-1 / mean_years))
