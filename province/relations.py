"""Relations between the province's values, one function for each sentence that must hold.

A check yields a finding for each breach. Its rule is the function's name in kebab case; its
subject is a key path, in which the entries of a list bear their names: `sites.suzhou.code`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations

from province.capacity import (
    check_backup_window_is_open,
    check_disks_are_bought_before_a_loss_fills_them,
    check_links_hold_their_busiest_hour,
    check_pools_heal_after_a_lost_host,
    check_storage_hosts_bear_their_disks,
    check_volumes_hold_the_database,
)
from province.copies import (
    check_database_lies_at_its_holders,
    check_former_partner_is_another_site,
)
from province.findings import Finding
from province.objectives import Journey
from province.platform import Workload
from province.province import Province
from province.sites import Purpose, Role, Site
from province.storage import needed_tb, usable_pb, usable_tb
from province.tiers import ALLOCATABLE_RATIO, overdrawn, site_tree

Check = Callable[[Province], Iterator[Finding]]


def check(province: Province) -> tuple[Finding, ...]:
    """The findings of all checks, in the order of `CHECKS`."""
    return tuple(finding for one in CHECKS for finding in one(province))


def check_main_site_is_one_and_first(province: Province) -> Iterator[Finding]:
    """The first site, and no other, is the main center."""
    mains = [site.id for site in province.sites if site.role is Role.MAIN]
    if len(mains) != 1 or province.sites[0].role is not Role.MAIN:
        yield Finding(
            rule="main-site-is-one-and-first",
            subject="sites",
            evidence=f"main sites: {', '.join(mains) or 'none'}; first: {province.sites[0].id}",
            hint="give 'role: main' to the first site and to no other",
        )


def check_every_prefecture_has_its_branch(province: Province) -> Iterator[Finding]:
    """As many prefectures as were promised have a branch."""
    promised = province.objectives.branch_centers_min
    served = {site.prefecture for site in province.branches}
    if len(served) < promised:
        yield Finding(
            rule="every-prefecture-has-its-branch",
            subject="sites",
            evidence=f"{len(province.branches)} branches in {len(served)} prefectures",
            hint=f"describe one branch in each of the {promised} prefectures",
        )


def check_ids_are_unique(province: Province) -> Iterator[Finding]:
    """Sites, counties, workloads and holdings each have an id of their own."""
    sites = [(f"sites.{index}.id", site.id) for index, site in enumerate(province.sites)]
    counties = [
        (f"sites.{site.id}.counties.{index}.id", county.id)
        for site in province.sites
        for index, county in enumerate(site.counties)
    ]
    workloads = [
        (f"platform.workloads.{index}.id", workload.id)
        for index, workload in enumerate(province.platform.workloads)
    ]
    holdings = [(f"holdings.{index}.id", one.id) for index, one in enumerate(province.holdings)]
    for group in (sites, counties, workloads, holdings):
        yield from _repeated("ids-are-unique", group, "give it an id of its own")


def check_zones_and_pools_are_unique(province: Province) -> Iterator[Finding]:
    """A site names each zone once and has one pool for each purpose."""
    for site in province.sites:
        zones = [
            (f"sites.{site.id}.zones.{index}.id", zone.id) for index, zone in enumerate(site.zones)
        ]
        pools = [
            (f"sites.{site.id}.nodes.{index}.purpose", pool.purpose.value)
            for index, pool in enumerate(site.nodes)
        ]
        for group in (zones, pools):
            yield from _repeated("zones-and-pools-are-unique", group, "merge the two into one")


def check_prefixes_lie_in_the_address_space(province: Province) -> Iterator[Finding]:
    """Each site's prefixes are cut from the province's."""
    space = province.addressing
    for site in province.sites:
        inside4 = site.prefixes.ipv4.subnet_of(space.ipv4)
        inside6 = site.prefixes.ipv6.subnet_of(space.ipv6)
        for key, inside, prefix, whole in (
            ("ipv4", inside4, site.prefixes.ipv4, space.ipv4),
            ("ipv6", inside6, site.prefixes.ipv6, space.ipv6),
        ):
            if not inside:
                yield Finding(
                    rule="prefixes-lie-in-the-address-space",
                    subject=f"sites.{site.id}.prefixes.{key}",
                    evidence=f"{prefix} does not lie in {whole}",
                    hint="cut it from the province's address space, or widen that",
                )


def check_prefixes_are_disjoint(province: Province) -> Iterator[Finding]:
    """No two sites share an address."""
    for one, other in combinations(province.sites, 2):
        overlap4 = one.prefixes.ipv4.overlaps(other.prefixes.ipv4)
        overlap6 = one.prefixes.ipv6.overlaps(other.prefixes.ipv6)
        for key, overlap in (("ipv4", overlap4), ("ipv6", overlap6)):
            if overlap:
                first, second = getattr(one.prefixes, key), getattr(other.prefixes, key)
                yield Finding(
                    rule="prefixes-are-disjoint",
                    subject=f"sites.{other.id}.prefixes.{key}",
                    evidence=f"{second} overlaps {first} of {one.id}",
                    hint="give it the next free prefix of the address space",
                )


def check_branches_serve_the_promised_users(province: Province) -> Iterator[Finding]:
    """All branches together serve as many users as were promised."""
    promised = province.objectives.users_concurrent_min
    if province.users_concurrent < promised:
        yield Finding(
            rule="branches-serve-the-promised-users",
            subject="objectives.users_concurrent_min",
            evidence=f"the branches serve {province.users_concurrent} users of {promised}",
            hint="raise users_concurrent at the branches",
        )


def check_backup_partner_lies_in_another_prefecture(province: Province) -> Iterator[Finding]:
    """Each site's copies go to an existing site in another prefecture."""
    places = {site.id: site.prefecture for site in province.sites}
    for site in province.sites:
        place = places.get(site.backup_partner)
        if place is None or place == site.prefecture:
            where = f"lies in {place} too" if place else "is no site of this province"
            yield Finding(
                rule="backup-partner-lies-in-another-prefecture",
                subject=f"sites.{site.id}.backup_partner",
                evidence=f"{site.backup_partner} {where}",
                hint="name a site of another prefecture",
            )


def check_every_site_backs_up_exactly_one(province: Province) -> Iterator[Finding]:
    """Each site is one site's partner, so the loss of one never takes two sites' copies."""
    backed = Counter(site.backup_partner for site in province.sites)
    for site in province.sites:
        if backed[site.id] != 1:
            sources = [other.id for other in province.sites if other.backup_partner == site.id]
            yield Finding(
                rule="every-site-backs-up-exactly-one",
                subject=f"sites.{site.id}",
                evidence=f"it keeps the copies of {', '.join(sources) or 'no site'}",
                hint="let the backup partners form a ring",
            )


def check_takeover_users_follow_the_ring(province: Province) -> Iterator[Finding]:
    """Each site is made for the users of the site that it backs up, as its own row says."""
    for site in province.sites:
        for other in province.sites:
            if other.backup_partner == site.id and other.users_concurrent > site.takeover_users:
                yield Finding(
                    rule="takeover-users-follow-the-ring",
                    subject=f"sites.{site.id}.takeover_users",
                    evidence=f"{site.takeover_users}, but {other.id}, which it backs up, "
                    f"has {other.users_concurrent} users",
                    hint=f"write takeover_users: {other.users_concurrent}",
                )


def check_every_branch_has_its_people(province: Province) -> Iterator[Finding]:
    """Each branch knows its audience, its counties and how many users it serves."""
    for site in province.branches:
        absent = {
            "audience": site.audience is None,
            "counties": not site.counties,
            "users_concurrent": site.users_concurrent == 0,
        }
        for key in (key for key, is_absent in absent.items() if is_absent):
            yield Finding(
                rule="every-branch-has-its-people",
                subject=f"sites.{site.id}.{key}",
                evidence=f"branch {site.id} has no {key}",
                hint=f"describe its {key}",
            )


def check_codes_follow_the_prefecture(province: Province) -> Iterator[Finding]:
    """A county's code begins with its prefecture's four digits; a site's ends in 00."""
    for site in province.sites:
        if not site.code.endswith("00"):
            yield Finding(
                rule="codes-follow-the-prefecture",
                subject=f"sites.{site.id}.code",
                evidence=f"{site.code} is no prefecture's code",
                hint="a prefecture's code ends in 00",
            )
        for county in site.counties:
            if county.code[:4] != site.code[:4]:
                yield Finding(
                    rule="codes-follow-the-prefecture",
                    subject=f"sites.{site.id}.counties.{county.id}.code",
                    evidence=f"{county.code} does not begin with {site.code[:4]} of {site.id}",
                    hint="take the code from GB/T 2260, or move the county to its site",
                )


def check_codes_are_unique(province: Province) -> Iterator[Finding]:
    """No two counties and no two branches bear the same code."""
    branches = [(f"sites.{site.id}.code", site.code) for site in province.branches]
    counties = [
        (f"sites.{site.id}.counties.{county.id}.code", county.code)
        for site in province.sites
        for county in site.counties
    ]
    for group in (branches, counties):
        yield from _repeated("codes-are-unique", group, "take the code from GB/T 2260")


def check_counties_hold_all_schools(province: Province) -> Iterator[Finding]:
    """Every school of a city lies in one of its counties."""
    for site in province.branches:
        held = sum(county.schools for county in site.counties)
        if site.audience and site.counties and held != site.audience.schools.value:
            yield Finding(
                rule="counties-hold-all-schools",
                subject=f"sites.{site.id}.audience.schools",
                evidence=f"{held} schools in the counties, {site.audience.schools.value:g} in all",
                hint="make the counties' schools add up to the city's",
            )


def check_main_site_has_the_promised_internet(province: Province) -> Iterator[Finding]:
    """The main center's Internet access is as wide as was promised."""
    promised = province.objectives.egress_gbps_min
    for site in province.sites:
        if site.role is Role.MAIN and site.internet_gbps < promised:
            yield Finding(
                rule="main-site-has-the-promised-internet",
                subject=f"sites.{site.id}.internet_gbps",
                evidence=f"{site.internet_gbps:g} Gbit/s of {promised:g}",
                hint="widen the access of the main center",
            )


def check_every_journey_has_one_objective(province: Province) -> Iterator[Finding]:
    """No journey goes without bounds, and none has two."""
    given = Counter(objective.journey for objective in province.objectives.journeys)
    for journey in Journey:
        if given[journey] != 1:
            yield Finding(
                rule="every-journey-has-one-objective",
                subject=f"objectives.journeys.{journey}",
                evidence=f"journey {journey} has {given[journey]} objectives",
                hint="give each journey exactly one objective",
            )


def check_percentiles_rise(province: Province) -> Iterator[Finding]:
    """A journey's p99 bound is not below its p95 bound."""
    for objective in province.objectives.journeys:
        p95, p99 = objective.response_ms_p95_max, objective.response_ms_p99_max
        if p99 < p95:
            yield Finding(
                rule="percentiles-rise",
                subject=f"objectives.journeys.{objective.journey}.response_ms_p99_max",
                evidence=f"p99 ≤ {p99:g} ms is stricter than p95 ≤ {p95:g} ms",
                hint="raise the bound of p99 or lower that of p95",
            )


def check_control_plane_keeps_a_majority(province: Province) -> Iterator[Finding]:
    """The control pool is odd and at least three, so that etcd outlives one machine."""
    for site in province.sites:
        count = _count(site, Purpose.CONTROL)
        if count < 3 or count % 2 == 0:  # noqa: PLR2004 - three is what the sentence says
            yield Finding(
                rule="control-plane-keeps-a-majority",
                subject=f"sites.{site.id}.nodes.control.count",
                evidence=f"{count} control machines",
                hint="take 3 or 5: an odd number keeps a majority with the fewest machines",
            )


def check_edge_outlives_one_machine(province: Province) -> Iterator[Finding]:
    """Each site has at least two edge machines."""
    for site in province.sites:
        count = _count(site, Purpose.EDGE)
        if count < 2:  # noqa: PLR2004 - two is what the sentence says
            yield Finding(
                rule="edge-outlives-one-machine",
                subject=f"sites.{site.id}.nodes.edge.count",
                evidence=f"{count} edge machines",
                hint="give each site two or more",
            )


def check_path_prefixes_are_unique(province: Province) -> Iterator[Finding]:
    """Each path prefix leads to one workload, and begins with a slash."""
    paths = [
        (f"platform.workloads.{workload.id}.path_prefixes", path)
        for workload in province.platform.workloads
        for path in workload.path_prefixes
    ]
    yield from _repeated("path-prefixes-are-unique", paths, "give each path to one workload")
    for subject, path in paths:
        if not path.startswith("/"):
            yield Finding(
                rule="path-prefixes-are-unique",
                subject=subject,
                evidence=f"'{path}' does not begin with '/'",
                hint="write it as '/courses'",
            )


def check_limits_are_not_below_requests(province: Province) -> Iterator[Finding]:
    """A container may use at least what it asked for."""
    for workload in province.platform.workloads:
        wanted, limit = workload.requests, workload.limits
        if limit is None:
            continue
        if limit.cpu_millis < wanted.cpu_millis or limit.memory_mib < wanted.memory_mib:
            yield Finding(
                rule="limits-are-not-below-requests",
                subject=f"platform.workloads.{workload.id}.limits",
                evidence=f"limits {limit.cpu_millis}m, {limit.memory_mib} MiB "
                f"< requests {wanted.cpu_millis}m, {wanted.memory_mib} MiB",
                hint="raise the limits or lower the requests",
            )


def check_inventory_names_all_machines_of_a_pool(province: Province) -> Iterator[Finding]:
    """A pool's inventory is whole or not there."""
    for site in province.sites:
        for pool in site.nodes:
            if pool.hosts and len(pool.hosts) != pool.count:
                yield Finding(
                    rule="inventory-names-all-machines-of-a-pool",
                    subject=f"sites.{site.id}.nodes.{pool.purpose}",
                    evidence=f"{len(pool.hosts)} hosts for {pool.count} machines",
                    hint="name each machine's controller and card, or none yet",
                )


def check_storage_reaches_the_promised_size(province: Province) -> Iterator[Finding]:
    """Usable storage, copies and headroom counted, is as much as was promised."""
    promised, usable = province.objectives.storage_pb_min, usable_pb(province)
    if usable < promised:
        yield Finding(
            rule="storage-reaches-the-promised-size",
            subject="objectives.storage_pb_min",
            evidence=f"{usable:.2f} PB usable of {promised:g} PB",
            hint="add storage machines or disks",
        )


def check_disks_hold_the_backed_up_sites_bytes(province: Province) -> Iterator[Finding]:
    """A site's disks hold its own users' bytes and those of the site that it backs up."""
    for site in province.sites:
        needed, usable = needed_tb(province.objectives, site.users_at_most), usable_tb(site)
        if usable < needed:
            yield Finding(
                rule="disks-hold-the-backed-up-sites-bytes",
                subject=f"sites.{site.id}.nodes.storage",
                evidence=f"{site.users_at_most} users need {needed:.0f} TB of {usable:.0f} TB",
                hint="add storage machines or disks",
            )


def check_platform_fits_a_failed_partners_users(province: Province) -> Iterator[Finding]:
    """A site's platform pool runs its own users' replicas and those of the site it backs up."""
    for site in province.sites:
        pool = site.pool(Purpose.PLATFORM)
        cores = pool.count * pool.cpu_cores * ALLOCATABLE_RATIO if pool else 0.0
        users = site.users_at_most
        needed = _cores(province.platform.workloads, users)
        if cores < needed:
            yield Finding(
                rule="platform-fits-a-failed-partners-users",
                subject=f"sites.{site.id}.nodes.platform",
                evidence=f"{users} users need {needed:.1f} cores of {cores:.1f}",
                hint="add machines to the platform pool",
            )


def check_tier_quotas_hold(province: Province) -> Iterator[Finding]:
    """Platform, jobs, counties, schools and what is kept free fit into each site's pool."""
    for site in province.sites:
        for broken in overdrawn(site_tree(province, site)):
            yield Finding(
                rule="tier-quotas-hold",
                subject=f"sites.{site.id}.nodes.platform",
                evidence=str(broken),
                hint="add machines to the platform pool, or lower the shares in 'tiers'",
            )


CHECKS: tuple[Check, ...] = (
    check_main_site_is_one_and_first,
    check_every_prefecture_has_its_branch,
    check_ids_are_unique,
    check_zones_and_pools_are_unique,
    check_prefixes_lie_in_the_address_space,
    check_prefixes_are_disjoint,
    check_branches_serve_the_promised_users,
    check_backup_partner_lies_in_another_prefecture,
    check_every_site_backs_up_exactly_one,
    check_takeover_users_follow_the_ring,
    check_every_branch_has_its_people,
    check_codes_follow_the_prefecture,
    check_codes_are_unique,
    check_counties_hold_all_schools,
    check_main_site_has_the_promised_internet,
    check_every_journey_has_one_objective,
    check_percentiles_rise,
    check_control_plane_keeps_a_majority,
    check_edge_outlives_one_machine,
    check_pools_heal_after_a_lost_host,
    check_volumes_hold_the_database,
    check_storage_hosts_bear_their_disks,
    check_disks_are_bought_before_a_loss_fills_them,
    check_backup_window_is_open,
    check_links_hold_their_busiest_hour,
    check_path_prefixes_are_unique,
    check_limits_are_not_below_requests,
    check_inventory_names_all_machines_of_a_pool,
    check_storage_reaches_the_promised_size,
    check_disks_hold_the_backed_up_sites_bytes,
    check_former_partner_is_another_site,
    check_database_lies_at_its_holders,
    check_platform_fits_a_failed_partners_users,
    check_tier_quotas_hold,
)
"""All checks; a test holds that none is forgotten here."""


def _repeated(rule: str, named: Iterable[tuple[str, str]], hint: str) -> Iterator[Finding]:
    """A finding for each value that stands at an earlier subject too."""
    first: dict[str, str] = {}
    for subject, value in named:
        if value in first:
            evidence = f"'{value}' stands at {first[value]} too"
            yield Finding(rule=rule, subject=subject, evidence=evidence, hint=hint)
        first.setdefault(value, subject)


def _count(site: Site, purpose: Purpose) -> int:
    pool = site.pool(purpose)
    return pool.count if pool else 0


def _cores(workloads: Iterable[Workload], users: int) -> float:
    """CPU requests of all workloads for that many users, in cores."""
    millis = (workload.replicas(users) * workload.requests.cpu_millis for workload in workloads)
    return sum(millis) / 1000
