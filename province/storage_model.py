"""Public storage at another size: what has to stand, how long it lasts, and what it costs.

The promised bytes are changed and nothing else: users, their shares of the bytes, links and ring
stay as the province says. Where a site's hosts do not suffice, it gets as many of its own kind as
it needs until the first purchase can stand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date

from province.durability import Durability, FailureRates, RepairTimes, durability, nines
from province.province import Province
from province.rebuilding import RecoveryLimits, copy_days, rebuild_hours, unsent_mb
from province.sites import NodePool, Purpose, Site
from province.storage import RESOURCES, limit_tb, outlook, raw_tb
from province.storage_cost import StorageCost, UnitCosts, storage_cost
from province.traffic import budgets
from province.value import Value

_HOURS_PER_YEAR = 8_766
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelInputs:
    """What the model takes for given besides the province; `lag_seconds` is None if unmeasured."""

    lag_seconds: float | None = None
    rates: FailureRates = field(default_factory=FailureRates)
    limits: RecoveryLimits = field(default_factory=RecoveryLimits)
    costs: UnitCosts = field(default_factory=UnitCosts)


class SiteModel(Value):
    """One site. Bytes are its own users' and those that it keeps for the site that it backs up.

    Nines are the chance to keep any one object for a year (0.999: 3) by `province.durability`:
    against disks and hosts alone, with the site's loss counted, with the partner's copy too.
    `first_copy_days` is None where its link or its partner's has no room. `links_hold` tells
    whether what flows every day fits the site's links. `unsent_mb` is what a loss of the site
    loses at most for good, None without a measured lag.
    """

    site: str
    hosts: int
    hosts_standing: int
    raw_tb: float
    stored_tb: float
    growth_tb_per_year: float
    buy_on: date
    rebuild_disk_hours: float
    rebuild_host_hours: float
    first_copy_days: float | None
    links_hold: bool
    machines_nines: float
    site_nines: float
    sites_nines: float
    sites_years: float
    first_group_years: float
    unsent_mb: float | None


class StorageModel(Value):
    """The province with `stored_pb` PB of the public's bytes, each of them at two sites.

    Growth is of those bytes, copies not counted; `raw_pb` are all disks. The sites' bytes are
    more than twice theirs: who uses the main center is counted there and at a branch.
    """

    stored_pb: float
    lag_seconds: float | None
    hosts: int
    hosts_standing: int
    raw_pb: float
    growth_pb_per_year: float
    cost: StorageCost
    sites: tuple[SiteModel, ...]

    @property
    def slowest_rebuild(self) -> SiteModel:
        """The site whose lost host takes longest."""
        return max(self.sites, key=lambda site: site.rebuild_host_hours)

    @property
    def slowest_copy(self) -> SiteModel:
        """The site whose first copy takes longest; one that has no room before all others."""
        return max(
            self.sites,
            key=lambda site: math.inf if site.first_copy_days is None else site.first_copy_days,
        )

    @property
    def least_durable(self) -> SiteModel:
        """The site whose objects are lost soonest, its partner's copies counted."""
        return min(self.sites, key=lambda site: site.sites_years)

    @property
    def crowded(self) -> tuple[str, ...]:
        """Sites whose links are too narrow for what flows every day."""
        return tuple(site.site for site in self.sites if not site.links_hold)


def storage_model(province: Province, stored_pb: float, inputs: ModelInputs) -> StorageModel:
    """The province at that size. Each site has storage machines, as `province.capacity` asks."""
    world = _grown(province, stored_pb)
    sites = tuple(_site(province, world, site, inputs) for site in world.sites)
    hosts, raw = sum(site.hosts for site in sites), sum(site.raw_tb for site in sites)
    return StorageModel(
        stored_pb=stored_pb,
        lag_seconds=inputs.lag_seconds,
        hosts=hosts,
        hosts_standing=sum(site.hosts_standing for site in sites),
        raw_pb=raw / 1_000,
        growth_pb_per_year=stored_pb * province.storage.growth_ratio_per_year.value,
        cost=storage_cost(hosts, raw, stored_pb * 1_000, inputs.costs),
        sites=sites,
    )


def hosts_needed(province: Province, site: Site) -> int:
    """Storage hosts with which the largest may be lost until the first purchase can stand."""
    growth = province.storage
    ratio = 1 + growth.growth_ratio_per_year.value
    grown = outlook(province, site).stored_tb * math.pow(ratio, growth.purchase_years.value)
    # Of two hosts of a kind, one may be lost: the limit is what one holds.
    one_tb = limit_tb(_with_hosts(site, 2))
    return max(RESOURCES.hosts_min, math.ceil(grown / one_tb) + 1)


def _grown(province: Province, stored_pb: float) -> Province:
    """The same province with that promise, and hosts enough for it; none is taken away."""
    objectives = province.objectives.model_copy(update={"storage_pb_min": stored_pb})
    asked = province.model_copy(update={"objectives": objectives})
    sites = tuple(
        _with_hosts(site, max(_pool(site).count, hosts_needed(asked, site))) for site in asked.sites
    )
    return asked.model_copy(update={"sites": sites})


def _site(standing: Province, world: Province, site: Site, inputs: ModelInputs) -> SiteModel:
    pool, seen = _pool(site), outlook(world, site)
    of_disk = rebuild_hours(world, site, inputs.limits, disks_lost=1)
    of_host = rebuild_hours(world, site, inputs.limits, disks_lost=pool.disks)
    days, lag = copy_days(world, site), inputs.lag_seconds
    repair = _repair(world, of_host, days)
    lasts = durability(RESOURCES, pool.count * pool.disks, inputs.rates, repair)
    return SiteModel(
        site=site.id,
        hosts=pool.count,
        hosts_standing=_pool(standing.site(site.id)).count,
        raw_tb=raw_tb(site),
        stored_tb=seen.stored_tb,
        growth_tb_per_year=seen.growth_tb_per_year,
        buy_on=seen.buy_on,
        rebuild_disk_hours=of_disk,
        rebuild_host_hours=of_host,
        first_copy_days=days,
        links_hold=all(link.holds for link in budgets(world, site)),
        unsent_mb=None if lag is None else unsent_mb(world, site, lag),
        **_told(lasts),
    )


def _repair(world: Province, of_host: float, days: float | None) -> RepairTimes:
    copy = math.inf if days is None else days / _DAYS_PER_YEAR
    return RepairTimes(
        host=of_host / _HOURS_PER_YEAR,
        copy=copy,
        site=world.storage.purchase_years.value + copy,
    )


def _told(lasts: Durability) -> dict[str, float]:
    return {
        "machines_nines": nines(lasts.machines_years),
        "site_nines": nines(lasts.site_years),
        "sites_nines": nines(lasts.sites_years),
        "sites_years": lasts.sites_years,
        "first_group_years": lasts.first_group_years,
    }


def _pool(site: Site) -> NodePool:
    pool = site.pool(Purpose.STORAGE)
    if pool is None:
        raise ValueError(f"{site.id} has no storage machines")
    return pool


def _with_hosts(site: Site, count: int) -> Site:
    nodes = tuple(
        pool.model_copy(update={"count": count}) if pool.purpose is Purpose.STORAGE else pool
        for pool in site.nodes
    )
    return site.model_copy(update={"nodes": nodes})
