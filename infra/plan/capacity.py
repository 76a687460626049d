"""Describes what a site's links and disks hold, for how long, and why.

Sentences for people, values for machines; both from the same summary, as in `infra.plan.render`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from infra.plan.ceph import CephPlan
from infra.plan.storage import PoolPlan, StoragePlan
from infra.plan.values import SitePlan
from province.province import Province
from province.storage import NEARFULL_RATIO, StorageOutlook, outlook
from province.traffic import LINK_RATIO_MAX, LinkBudget, budgets, parts
from province.value import Value

_TB = 10**12


class LinkSummary(Value):
    """One direction of a link, in Gbit/s. `hours_gbps` has all 24 hours, from midnight on.

    `budget_gbps` is what may flow as planned; `busiest_parts` says what flows in the busiest hour.
    """

    name: str
    capacity_gbps: float
    budget_gbps: float
    busiest_hour: int
    busiest_gbps: float
    busiest_parts: str
    hours_gbps: tuple[float, ...]


class CephPoolSummary(Value):
    """One pool, in TB: `k` + `m` chunks on as many hosts, with `hosts_min` to heal after a loss."""

    name: str
    k: int
    m: int
    hosts_min: int
    raw_tb: float
    usable_tb: float


class ZoneSummary(Value):
    """A zone of the object store at the site: whose objects, and how many gateways for clients."""

    name: str
    origin: str
    gateways: int


class StorageSummary(Value):
    """The site's disks, what they hold at the opening, and when to buy more. TB are 10^12 bytes.

    `limit_tb` is what may be stored so that the largest host can be lost below the ratio of 0.85;
    the two ratios are with it lost: when all that is planned is stored, and at the opening.
    """

    hosts: int
    osds_per_host: int
    raw_tb: float
    pools: tuple[CephPoolSummary, ...]
    zones: tuple[ZoneSummary, ...]
    full_ratio_after_loss: float
    stored_tb: float
    stored_ratio_after_loss: float
    growth_tb_per_year: float
    limit_tb: float
    years: float
    buy_on: date


def describe_links(province: Province, plan: SitePlan) -> tuple[LinkSummary, ...]:
    """The site's links, each direction by itself."""
    return tuple(_link(budget) for budget in budgets(province, province.site(plan.site)))


def describe_storage(province: Province, plan: SitePlan) -> StorageSummary | None:
    """The site's disks; None where it has none."""
    if plan.storage is None:
        return None
    zones = _zones(plan.ceph) if plan.ceph else ()
    return _storage(plan.storage, outlook(province, province.site(plan.site)), zones)


def link_lines(links: tuple[LinkSummary, ...]) -> Iterator[str]:
    """A line for each direction of each link."""
    for link in links:
        yield (
            f"  {link.name:<11} {link.busiest_gbps:.2f} of {link.budget_gbps:g} Gbit/s at most, "
            f"at {link.busiest_hour:02d}:00 ({link.busiest_parts})"
        )


def storage_lines(storage: StorageSummary) -> Iterator[str]:
    """A line for each pool and zone, and one on how they fill."""
    for pool in storage.pools:
        yield (
            f"  pool        {pool.name}: {pool.k}+{pool.m} on {storage.hosts} hosts "
            f"(needs {pool.hosts_min}), {pool.usable_tb:,.1f} TB usable "
            f"of {pool.raw_tb:,.1f} TB raw"
        )
    for zone in storage.zones:
        yield (
            f"  objects     zone {zone.name}: objects of {zone.origin}, {zone.gateways} gateways "
            f"for clients and one that replicates"
        )
    yield (
        f"  filling     {storage.stored_tb:,.0f} TB at the opening, "
        f"{storage.growth_tb_per_year:,.0f} TB more in the first year"
    )


def reasons(links: tuple[LinkSummary, ...], storage: StorageSummary | None) -> Iterator[str]:
    """A sentence for each choice that has a number."""
    if links:
        yield f"a link is planned to {_percent(LINK_RATIO_MAX)}, a lost site's users counted"
    if storage is None:
        return
    yield (
        f"with the largest of {storage.hosts} hosts lost, the disks are "
        f"{_percent(storage.stored_ratio_after_loss)} full at the opening, "
        f"{_percent(storage.full_ratio_after_loss)} with all that is usable"
    )
    yield (
        f"{storage.limit_tb:,.0f} TB, {_percent(NEARFULL_RATIO)} after that loss, are reached "
        f"{storage.years:.1f} years after the opening: buy disks by {storage.buy_on}"
    )


def _link(budget: LinkBudget) -> LinkSummary:
    busiest = budget.busiest
    return LinkSummary(
        name=budget.name,
        capacity_gbps=budget.capacity_gbps,
        budget_gbps=budget.budget_gbps,
        busiest_hour=busiest.hour,
        busiest_gbps=round(busiest.gbps, 3),
        busiest_parts=parts(busiest),
        hours_gbps=tuple(round(flow.gbps, 3) for flow in budget.hours),
    )


def _zones(plan: CephPlan) -> tuple[ZoneSummary, ...]:
    clients = {one.zone: one.instances for one in plan.gateways if not one.is_sync}
    return tuple(
        ZoneSummary(name=zone.name, origin=zone.zonegroup, gateways=clients[zone.name])
        for zone in plan.zones
    )


def _storage(
    plan: StoragePlan, seen: StorageOutlook, zones: tuple[ZoneSummary, ...]
) -> StorageSummary:
    return StorageSummary(
        hosts=len(plan.hosts),
        osds_per_host=plan.osds_per_host,
        raw_tb=plan.raw_bytes / _TB,
        pools=tuple(_pool(pool) for pool in plan.pools),
        zones=zones,
        full_ratio_after_loss=round(plan.full_ratio_after_loss, 4),
        stored_tb=round(seen.stored_tb, 1),
        stored_ratio_after_loss=round(seen.full_ratio_after_loss, 4),
        growth_tb_per_year=round(seen.growth_tb_per_year, 1),
        limit_tb=round(seen.limit_tb, 1),
        years=round(seen.years, 2),
        buy_on=seen.buy_on,
    )


def _pool(pool: PoolPlan) -> CephPoolSummary:
    return CephPoolSummary(
        name=pool.name,
        k=pool.k,
        m=pool.m,
        hosts_min=pool.hosts_min,
        raw_tb=pool.raw_bytes / _TB,
        usable_tb=pool.usable_bytes / _TB,
    )


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.0f} %"
