"""Relations between what is promised and what disks and links hold; see `province.relations`.

The arithmetic is in `province.storage` and `province.traffic`.
"""

from __future__ import annotations

from collections.abc import Iterator

from province.findings import Finding
from province.province import Province
from province.sites import Purpose
from province.storage import (
    NEARFULL_RATIO,
    OSD_CPU_CORES,
    OSD_MEMORY_GIB,
    POOLS,
    TB_PER_GIB,
    host_tb,
    outlook,
    volumes_tb,
)
from province.traffic import LINK_RATIO_MAX, backup_hours, budgets, parts


def check_pools_heal_after_a_lost_host(province: Province) -> Iterator[Finding]:
    """Each pool finds a host for every chunk, and one more for what a lost host held.

    Ceph itself accepts a pool that it cannot place: writes hang, and nothing says why.
    """
    for site in province.sites:
        hosts = len(host_tb(site))
        for pool in POOLS:
            if hosts < pool.hosts_min:
                yield Finding(
                    rule="pools-heal-after-a-lost-host",
                    subject=f"sites.{site.id}.nodes.storage.count",
                    evidence=f"{hosts} hosts, but pool {pool.name} of {pool.chunks_data}+"
                    f"{pool.chunks_coding} needs {pool.hosts_min}",
                    hint=f"give the site {pool.hosts_min} storage machines or more",
                )


def check_volumes_hold_the_database(province: Province) -> Iterator[Finding]:
    """Every server of a site that holds the base database has its own, of data and of WAL."""
    if province.data is None:
        return
    database = province.data.database
    needed_tb = database.instances * (database.storage_gib + database.wal_gib) * TB_PER_GIB
    for site in province.sites:
        if site.id in database.holders and needed_tb > volumes_tb(site):
            yield Finding(
                rule="volumes-hold-the-database",
                subject="data.database.storage_gib",
                evidence=f"{database.instances} servers take {needed_tb:.2f} TB of volumes; "
                f"{site.id} has {volumes_tb(site):.2f} TB for them",
                hint=f"give {site.id} more disks, or the database smaller volumes",
            )


def check_storage_hosts_bear_their_disks(province: Province) -> Iterator[Finding]:
    """Each disk's daemon has its memory and its cores; one that has not is killed as it heals."""
    for site in province.sites:
        pool = site.pool(Purpose.STORAGE)
        if pool is None:
            continue
        cores, memory_gib = pool.disks * OSD_CPU_CORES, pool.disks * OSD_MEMORY_GIB
        if cores > pool.cpu_cores or memory_gib > pool.memory_gib:
            yield Finding(
                rule="storage-hosts-bear-their-disks",
                subject=f"sites.{site.id}.nodes.storage.disks",
                evidence=f"{pool.disks} disks take {cores} cores and {memory_gib} GiB; a machine "
                f"has {pool.cpu_cores} and {pool.memory_gib}",
                hint="put fewer disks into each machine, or more cores and memory",
            )


def check_disks_are_bought_before_a_loss_fills_them(province: Province) -> Iterator[Finding]:
    """Until new disks can stand, what is stored fits below 0.85 with the largest host lost."""
    growth = province.storage
    lead = growth.purchase_years.value
    for site in province.sites:
        seen = outlook(province, site)
        grown = seen.stored_tb * (1 + growth.growth_ratio_per_year.value) ** lead
        if grown > seen.limit_tb:
            yield Finding(
                rule="disks-are-bought-before-a-loss-fills-them",
                subject=f"sites.{site.id}.nodes.storage",
                evidence=f"{grown:.0f} TB by the time that new disks stand, but with the largest "
                f"host lost {NEARFULL_RATIO} of the disks hold {seen.limit_tb:.0f} TB",
                hint="add storage machines or disks",
            )


def check_links_hold_their_busiest_hour(province: Province) -> Iterator[Finding]:
    """Users, a lost site's users, replication and backups fit each link in every hour."""
    for site in province.sites:
        for link in budgets(province, site):
            flow = link.busiest
            if not link.holds:
                key = "internet_gbps" if link.name == "internet" else "uplink_gbps"
                yield Finding(
                    rule="links-hold-their-busiest-hour",
                    subject=f"sites.{site.id}.{key}",
                    evidence=f"{link.name} at {flow.hour:02d}:00: {flow.gbps:.1f} Gbit/s of "
                    f"{link.budget_gbps:.1f}, which is {100 * LINK_RATIO_MAX:.0f} % of the link "
                    f"({parts(flow)})",
                    hint="widen the link, move the backup window, or correct `traffic`",
                )


def check_backup_window_is_open(province: Province) -> Iterator[Finding]:
    """The backup window has at least an hour."""
    if not backup_hours(province.traffic):
        begin, end = province.traffic.backup_from_hour, province.traffic.backup_to_hour
        yield Finding(
            rule="backup-window-is-open",
            subject="traffic.backup_to_hour",
            evidence=f"from {begin}:00 to {end}:00 there is no hour",
            hint="let the window end at another hour than it begins",
        )
