"""Claim `security`: the security norms are kept. Today: what the policies say at preview."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence.figure import ClaimVerdict, Figure
from evidence.records import PolicyRecord
from province.findings import Finding, errors
from release.claims.grounds import Case, Ground, conclude, failed, no_evidence, some, unknown
from release.gathered import Gathered

READS = (PolicyRecord,)


def judge_security(evidence: Gathered) -> ClaimVerdict:
    """A mandatory rule that is broken fails the claim; rules that hold are not yet the norm."""
    seen = {record.site: record for record in evidence.of(PolicyRecord)}
    sites = [site.id for site in evidence.province.sites]
    grounds = list(_grounds(sites, seen)) if seen else [no_evidence("security")]
    return conclude(
        evidence,
        Case(
            claim="security",
            reads=READS,
            grounds=grounds,
            kept="every machine-checkable clause holds",
            figures=_figures(len(sites), list(seen.values())),
        ),
    )


def _grounds(sites: list[str], seen: dict[str, PolicyRecord]) -> Iterator[Ground]:
    broken = [_told(r.site, finding) for r in seen.values() for finding in errors(r.findings)]
    if broken:
        yield failed(f"broken at preview: {some(broken)}")
    absent = [site for site in sites if site not in seen]
    if absent:
        yield unknown(f"no preview was checked at {some(absent)}")
    rules = min(record.rules for record in seen.values())
    yield unknown(
        f"{rules} rules hold at preview of {len(seen)} sites; the level-3 map is not complete yet"
    )


def _told(site: str, finding: Finding) -> str:
    return f"{finding.rule} by {finding.subject} at {site} ({finding.evidence})"


def _figures(sites: int, seen: Sequence[PolicyRecord]) -> dict[str, Figure]:
    if not seen:
        return {}
    findings = [finding for record in seen for finding in record.findings]
    broken = len(errors(findings))
    return {
        "rules": Figure(value=min(record.rules for record in seen), unit="rules"),
        "sites_previewed": Figure(value=len(seen), unit="sites", objective=sites),
        "resources_checked": Figure(value=sum(r.resources for r in seen), unit="resources"),
        "findings_errors": Figure(value=broken, unit="findings", objective=0),
        "findings_warnings": Figure(value=len(findings) - broken, unit="findings"),
    }
