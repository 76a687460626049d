"""Claim `tiers`: four connected levels. Today: what the rows of the province resolve to."""

from __future__ import annotations

from evidence.figure import ClaimVerdict, Figure
from evidence.records import StackRecord
from release.claims.grounds import NO_EVIDENCE, Case, Ground, conclude, no_evidence, unknown
from release.gathered import Gathered

READS = (StackRecord,)


def judge_tiers(evidence: Gathered) -> ClaimVerdict:
    """Counts what the deployed province resolves; no path between tiers has been tried yet."""
    counties = [c for site in evidence.province.branches for c in site.counties]
    schools = sum(county.schools for county in counties)
    up = [r for r in evidence.of(StackRecord) if r.operation == "up" and r.error is None]
    figures = {
        "cities": Figure(value=len(evidence.province.branches), unit="cities"),
        "counties": Figure(value=len(counties), unit="counties"),
        "schools": Figure(value=schools, unit="schools"),
    }
    return conclude(
        evidence,
        Case(
            claim="tiers",
            reads=READS,
            grounds=[_ground(len(counties), schools) if up else no_evidence("tiers")],
            kept="every school resolves and is reached through all four tiers",
            figures=figures if up else {},
        ),
    )


def _ground(counties: int, schools: int) -> Ground:
    return unknown(
        f"{schools:,} schools resolve to {counties} counties in the deployed plan; "
        f"quota sums and reachability between the tiers have {NO_EVIDENCE}"
    )
