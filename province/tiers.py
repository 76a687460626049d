"""The tier tree: what the province, each city, each county and its schools may use at most.

A city's whole is what its platform pool has to give. Of it come the platform's replicas, what is
kept free for a failed site's users, the jobs of city and province, and the shares of the counties,
which hand down to their schools. The sums are checked in every node (`overdrawn`).

There are 14,125 schools and each one's share is less than one container, so a school is a number
here and no object anywhere: the schools of a city share one namespace, which holds their sum.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from province.center import CenterService
from province.data import Data
from province.platform import Compute, Tier, TierShares, Workload
from province.province import Province
from province.sites import County, Purpose, Role, Site

ALLOCATABLE_RATIO = 0.9
"""Share of a machine that is left for pods beside the system's own processes."""
SURGE = 1.25
"""Over the replicas: the surge of a rolling update (25 %, Kubernetes' default), also when the site
has grown for a failed site's users."""
POD_CPU_MILLIS = 100
"""What a container gets that says nothing itself, so a share has a pod for each 100 millis."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Amount:
    """Compute as quotas count it: thousandths of a core, MiB, pods."""

    cpu_millis: int = 0
    memory_mib: int = 0
    pods: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            cpu_millis=self.cpu_millis + other.cpu_millis,
            memory_mib=self.memory_mib + other.memory_mib,
            pods=self.pods + other.pods,
        )

    def times(self, factor: float) -> Amount:
        """So many times as much, rounded up."""
        return Amount(
            cpu_millis=math.ceil(self.cpu_millis * factor),
            memory_mib=math.ceil(self.memory_mib * factor),
            pods=math.ceil(self.pods * factor),
        )


NOTHING = Amount()


@dataclass(frozen=True, kw_only=True, slots=True)
class TierQuota:
    """One node of the tree: `whole` has to hold `own`, `kept_free` and the parts' wholes.

    `platform`, `services` (backups, the database, the main center's), `jobs` and `share` (a
    county's, or schools') make `own`; `kept_free` is for a failed site's users.
    """

    name: str
    tier: Tier
    whole: Amount
    platform: Amount = NOTHING
    services: Amount = NOTHING
    jobs: Amount = NOTHING
    share: Amount = NOTHING
    kept_free: Amount = NOTHING
    parts: tuple[TierQuota, ...] = ()

    @property
    def own(self) -> Amount:
        """What the tier uses itself."""
        return self.platform + self.services + self.jobs + self.share

    @property
    def given(self) -> Amount:
        """All that has been promised out of the whole."""
        return total((self.own, self.kept_free, *(part.whole for part in self.parts)))

    def walk(self) -> Iterator[TierQuota]:
        """The node itself, then all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(frozen=True, kw_only=True, slots=True)
class Overdrawn:
    """A node that has promised more than it has, in one unit (`cores`, `GiB`, `pods`)."""

    node: TierQuota
    unit: str
    given: float
    whole: float

    def __str__(self) -> str:
        return (
            f"{self.node.tier} {self.node.name}: own, kept free and handed down come to "
            f"{self.given:g} {self.unit}, there are {self.whole:g}"
        )


def total(amounts: Iterable[Amount]) -> Amount:
    """The sum; nothing of no amounts."""
    return sum(amounts, NOTHING)


def overdrawn(root: TierQuota) -> Iterator[Overdrawn]:
    """Every node, and unit, in which the sum does not hold."""
    for node in root.walk():
        whole, given = node.whole, node.given
        for unit, scale, had, promised in (
            ("cores", 1000, whole.cpu_millis, given.cpu_millis),
            ("GiB", 1024, whole.memory_mib, given.memory_mib),
            ("pods", 1, whole.pods, given.pods),
        ):
            if promised > had:
                yield Overdrawn(node=node, unit=unit, given=promised / scale, whole=had / scale)


def province_tree(province: Province) -> TierQuota:
    """The whole tree. The province's own is what runs at the main center."""
    main = site_tree(province, province.main)
    cities = tuple(site_tree(province, site) for site in province.branches)
    return TierQuota(
        name=province.id,
        tier=Tier.PROVINCE,
        whole=total((main.whole, *(city.whole for city in cities))),
        platform=main.platform,
        services=main.services,
        kept_free=main.kept_free,
        parts=cities,
    )


def site_tree(province: Province, site: Site) -> TierQuota:
    """One site's part of the tree: a city with its counties, or the main center by itself."""
    platform = _platform(province.platform.workloads, site.users_concurrent)
    branch = site.role is Role.BRANCH
    return TierQuota(
        name=site.id,
        tier=Tier.CITY if branch else Tier.PROVINCE,
        whole=_pool(site),
        platform=platform.times(SURGE),
        services=total(_services(province, site)),
        jobs=jobs(province.tiers) if branch else NOTHING,
        kept_free=_growth(province.platform.workloads, site).times(SURGE),
        parts=tuple(_county(province.tiers, county) for county in site.counties),
    )


def _services(province: Province, site: Site) -> Iterator[Amount]:
    if site.role is Role.MAIN:
        yield from map(service_amount, province.center.services)
    yield backup_amount(province.data)
    yield database_amount(province.data, site.id)


def share_of(compute: Compute, count: int = 1) -> Amount:
    """The share of `count` equal members of a tier together."""
    millis = compute.cpu_millis * count
    return Amount(
        cpu_millis=millis,
        memory_mib=compute.memory_mib * count,
        pods=math.ceil(millis / POD_CPU_MILLIS),
    )


def service_amount(service: CenterService) -> Amount:
    """What a service of the main center may use: grown, and while it is renewed."""
    return _containers(service.requests, service.replicas_max).times(SURGE)


def backup_amount(data: Data | None) -> Amount:
    """What a site's backups may use; nothing where the province says nothing of its data."""
    return NOTHING if data is None else _containers(data.movers, data.movers_max)


def database_amount(data: Data | None, site: str) -> Amount:
    """A site's cluster of the base database, and one job that makes or joins an instance."""
    if data is None or site not in data.database.holders:
        return NOTHING
    return _containers(data.database.compute, data.database.instances + 1)


def _containers(compute: Compute, count: int) -> Amount:
    return Amount(
        cpu_millis=compute.cpu_millis * count, memory_mib=compute.memory_mib * count, pods=count
    )


def jobs(shares: TierShares) -> Amount:
    """What jobs may use at a branch: the city's own and those that the province sends."""
    return share_of(shares.province) + share_of(shares.city)


def _county(shares: TierShares, county: County) -> TierQuota:
    own, below = share_of(shares.county), share_of(shares.school, county.schools)
    schools = TierQuota(name=f"of {county.id}", tier=Tier.SCHOOL, whole=below, share=below)
    return TierQuota(
        name=county.id, tier=Tier.COUNTY, whole=own + below, share=own, parts=(schools,)
    )


def _pool(site: Site) -> Amount:
    """What the platform pool has to give. Edge, storage and control machines take no tenants."""
    pool = site.pool(Purpose.PLATFORM)
    if pool is None:
        return NOTHING
    return Amount(
        cpu_millis=math.floor(pool.count * pool.cpu_cores * 1000 * ALLOCATABLE_RATIO),
        memory_mib=math.floor(pool.count * pool.memory_gib * 1024 * ALLOCATABLE_RATIO),
        pods=math.floor(pool.count * pool.pods_max * ALLOCATABLE_RATIO),
    )


def _platform(workloads: Iterable[Workload], users: int) -> Amount:
    """All planned replicas of the platform for that many users."""
    return total(_replicas(workload, workload.replicas(users)) for workload in workloads)


def _growth(workloads: Iterable[Workload], site: Site) -> Amount:
    """The replicas that a failed site's users need beside those that are planned."""
    return total(
        _replicas(one, one.replicas(site.users_at_most) - one.replicas(site.users_concurrent))
        for one in workloads
    )


def _replicas(workload: Workload, count: int) -> Amount:
    return Amount(
        cpu_millis=workload.requests.cpu_millis * count,
        memory_mib=workload.requests.memory_mib * count,
        pods=count,
    )
