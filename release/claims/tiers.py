"""Claim `tiers`: four connected levels.

Every school resolves to a county, a city and a site whose quotas hold together, in the plan and in
the live clusters; and each county's path was walked: under load, people of its schools logged in
through the real edge of their own site (on loopback), and the platform behind it placed them in
that county.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence.figure import ClaimVerdict, Figure
from evidence.records import QuotaRecord, ReachRecord, StackRecord
from province.platform import Tier
from province.province import Province
from province.tiers import TierQuota, overdrawn, province_tree
from release.claims import quotas
from release.claims.grounds import (
    NO_EVIDENCE,
    Case,
    Ground,
    conclude,
    failed,
    no_evidence,
    some,
    unknown,
)
from release.gathered import Gathered

READS = (StackRecord, QuotaRecord, ReachRecord)


def judge_tiers(evidence: Gathered) -> ClaimVerdict:
    """The sums of the tree, each live quota against it, and each path that was walked."""
    up = [r for r in evidence.of(StackRecord) if r.operation == "up" and r.error is None]
    tree = province_tree(evidence.province)
    return conclude(
        evidence,
        Case(
            claim="tiers",
            reads=READS,
            grounds=list(_grounds(evidence, tree)) if up else [no_evidence("tiers")],
            kept=_kept(evidence, tree),
            figures=_figures(evidence, tree) if up else {},
        ),
    )


def _kept(evidence: Gathered, tree: TierQuota) -> str:
    walked = sum(record.schools for record in evidence.of(ReachRecord))
    return (
        f"{_schools(evidence):,} schools resolve to {_count(tree, Tier.COUNTY)} counties, "
        f"{_count(tree, Tier.CITY)} cities and their sites, whose quotas hold live; people of "
        f"{walked:,} schools of every county logged in through their own site's edge"
    )


def _grounds(evidence: Gathered, tree: TierQuota) -> Iterator[Ground]:
    broken = [str(found) for found in overdrawn(tree)]
    if broken:
        yield failed(f"a quota sum does not hold: {some(broken)}")
        return
    planned = quotas.planned_walls(quotas.planned_fleet(evidence))
    seen = quotas.live(evidence.of(QuotaRecord), "ResourceQuota")
    yield from quotas.differences(planned, seen, "quota")
    walked = evidence.of(ReachRecord)
    if walked:
        yield from _of_paths(evidence.province, walked)
        return
    yield unknown(
        f"{_schools(evidence):,} schools resolve to {_count(tree, Tier.COUNTY)} counties, whose "
        f"quotas hold with what is kept free for a failed site; that the tiers reach each other "
        f"has {NO_EVIDENCE}"
    )


def _of_paths(province: Province, walked: Sequence[ReachRecord]) -> Iterator[Ground]:
    """A county at a site that is not its own fails; one that nobody came from is unknown."""
    schools = {
        (site.id, one.id): one.schools for site in province.branches for one in site.counties
    }
    seen = {(record.site, record.county): record.schools for record in walked}
    astray = [f"{county} at {site}" for site, county in seen if (site, county) not in schools]
    if astray:
        yield failed(
            f"the platform placed people in counties that are not the site's: {some(astray)}"
        )
    too_many = [key[1] for key, count in seen.items() if count > schools.get(key, count)]
    if too_many:
        yield failed(f"people came from more schools than there are in {some(too_many)}")
    unwalked = [county for site, county in schools if not seen.get((site, county))]
    if unwalked:
        yield unknown(f"nobody came from a school of {some(unwalked)}")


def _figures(evidence: Gathered, tree: TierQuota) -> dict[str, Figure]:
    seen = quotas.live(evidence.of(QuotaRecord), "ResourceQuota")
    figures = {
        "cities": Figure(value=_count(tree, Tier.CITY), unit="cities"),
        "counties": Figure(value=_count(tree, Tier.COUNTY), unit="counties"),
        "schools": Figure(value=_schools(evidence), unit="schools"),
        "cores_promised": Figure(
            value=tree.given.cpu_millis / 1000, unit="cores", objective=tree.whole.cpu_millis / 1000
        ),
        "cores_kept_free": Figure(
            value=sum(node.kept_free.cpu_millis for node in tree.walk()) / 1000, unit="cores"
        ),
    }
    if seen:
        figures["quotas_live"] = Figure(value=len(seen), unit="quotas")
    return figures | _figures_of_paths(evidence.of(ReachRecord), _count(tree, Tier.COUNTY))


def _figures_of_paths(walked: Sequence[ReachRecord], counties: int) -> dict[str, Figure]:
    if not walked:
        return {}
    reached = [record for record in walked if record.schools]
    return {
        "counties_reached": Figure(value=len(reached), unit="counties", objective=counties),
        "sites_reached": Figure(value=len({record.site for record in reached}), unit="sites"),
        "schools_reached": Figure(value=sum(r.schools for r in reached), unit="schools"),
    }


def _count(tree: TierQuota, tier: Tier) -> int:
    return sum(node.tier is tier for node in tree.walk())


def _schools(evidence: Gathered) -> int:
    return sum(county.schools for site in evidence.province.branches for county in site.counties)
