"""How long it takes until copies are whole again: on a site's other hosts, or over its link."""

from __future__ import annotations

from dataclasses import dataclass

from province.assumptions import HOURS
from province.province import Province
from province.sites import Purpose, Site
from province.storage import RESOURCES, needed_tb, outlook, raw_tb
from province.traffic import LinkBudget, budgets

_MB_PER_TB = 1e6
_GBIT_PER_TB = 8_000
_SECONDS_PER_HOUR = 3_600
_DAYS_MAX = 36_525
"""A century: a link that takes longer has no room."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecoveryLimits:
    """How much of the machines a repair may take from the users. Assumptions.

    `disk_mb_per_second`: a fifth of what a spinning disk reads in sequence. `host_gbps`: a fifth
    of two 25 Gbit/s ports. `noticed_hours`: Ceph's `mon_osd_down_out_interval`, 600 s.
    """

    disk_mb_per_second: float = 50.0
    host_gbps: float = 10.0
    noticed_hours: float = 600 / 3_600


def rebuild_hours(
    province: Province, site: Site, limits: RecoveryLimits, *, disks_lost: int
) -> float:
    """Hours until the chunks of so many disks of one host are made anew on the other hosts.

    Each byte made anew is read from k others and written once: k + 1 bytes of disks' and hosts'
    work, shared by all other hosts. The disks are as full as at the opening.
    """
    pool = site.pool(Purpose.STORAGE)
    if pool is None or pool.count == 1:
        raise ValueError(f"{site.id} has no other storage host to rebuild on")
    lost_tb = pool.disk_tb * disks_lost * full_ratio(province, site)
    of_disks = pool.disks * limits.disk_mb_per_second
    of_host = limits.host_gbps * 1_000 / 8
    moved_mb = lost_tb * _MB_PER_TB * (RESOURCES.chunks_data + 1)
    seconds = moved_mb / ((pool.count - 1) * min(of_disks, of_host))
    return limits.noticed_hours + seconds / _SECONDS_PER_HOUR


def full_ratio(province: Province, site: Site) -> float:
    """How full the site's disks are at the opening, with all hosts there."""
    room_tb = raw_tb(site) * RESOURCES.raw_ratio * RESOURCES.usable_ratio
    return outlook(province, site).stored_tb / room_tb


def copy_days(province: Province, site: Site) -> float | None:
    """Days until all of the site's own bytes lie at its partner for the first time.

    From midnight on, in what each hour leaves of the planned share of both links, with all else
    that flows there. None where the links leave nothing, or next to nothing.
    """
    hours = [hour * _SECONDS_PER_HOUR / _GBIT_PER_TB for hour in _spare_gbps(province, site)]
    a_day, left = sum(hours), needed_tb(province.objectives, site.users_concurrent)
    if left > a_day * _DAYS_MAX:
        return None
    days = int(left / a_day) if a_day else 0
    left -= days * a_day
    for hour, terabytes in enumerate(hours):
        if left <= terabytes:
            return days + (hour + (left / terabytes if terabytes else 0)) / HOURS
        left -= terabytes
    return days + 1.0


def unsent_mb(province: Province, site: Site, lag_seconds: float) -> float:
    """What users of the site have stored and its partner lacks, when so far behind: MB at most."""
    hours = _link(province, site, "uplink out").hours
    return max(flow.replication_gbps for flow in hours) * 1_000 / 8 * lag_seconds


def _spare_gbps(province: Province, site: Site) -> list[float]:
    """For each hour what both ends have left."""
    out = _link(province, site, "uplink out")
    into = _link(province, province.site(site.backup_partner), "uplink in")
    return [
        max(
            0.0,
            min(out.budget_gbps - out.hours[hour].gbps, into.budget_gbps - into.hours[hour].gbps),
        )
        for hour in range(HOURS)
    ]


def _link(province: Province, site: Site, name: str) -> LinkBudget:
    return next(budget for budget in budgets(province, site) if budget.name == name)
