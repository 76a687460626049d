"""Claim `tiers`: four connected levels.

Two parts are judged: that every school resolves to a county, a city and a site whose quotas hold
together, in the plan and in the live clusters. That the tiers reach each other is not tried yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from evidence.figure import ClaimVerdict, Figure
from evidence.records import QuotaRecord, StackRecord
from province.platform import Tier
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

READS = (StackRecord, QuotaRecord)


def judge_tiers(evidence: Gathered) -> ClaimVerdict:
    """The sums of the tree, each live quota against it, and what has not been tried."""
    up = [r for r in evidence.of(StackRecord) if r.operation == "up" and r.error is None]
    tree = province_tree(evidence.province)
    return conclude(
        evidence,
        Case(
            claim="tiers",
            reads=READS,
            grounds=list(_grounds(evidence, tree)) if up else [no_evidence("tiers")],
            kept="every school resolves and is reached through all four tiers",
            figures=_figures(evidence, tree) if up else {},
        ),
    )


def _grounds(evidence: Gathered, tree: TierQuota) -> Iterator[Ground]:
    broken = [str(found) for found in overdrawn(tree)]
    if broken:
        yield failed(f"a quota sum does not hold: {some(broken)}")
        return
    planned = quotas.planned_walls(quotas.planned_fleet(evidence))
    seen = quotas.live(evidence.of(QuotaRecord), "ResourceQuota")
    yield from quotas.differences(planned, seen, "quota")
    yield unknown(
        f"{_schools(evidence):,} schools resolve to {_count(tree, Tier.COUNTY)} counties, whose "
        f"quotas hold with what is kept free for a failed site; that the tiers reach each other "
        f"has {NO_EVIDENCE}"
    )


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
    return figures


def _count(tree: TierQuota, tier: Tier) -> int:
    return sum(node.tier is tier for node in tree.walk())


def _schools(evidence: Gathered) -> int:
    return sum(county.schools for site in evidence.province.branches for county in site.counties)
