"""Grounds: why a claim does not pass, and how they add up to its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evidence.figure import ClaimVerdict, Figure
from evidence.records import Record
from evidence.verdict import Verdict, merge
from province.claims import BY_ID
from release.gathered import Gathered

NO_EVIDENCE = "no evidence yet"
_SCOPES = {
    "rehearsal": "rehearsed (this machine; nodes simulated by KWOK)",
    "load": "rehearsed (this machine; edge and reference platform alone)",
    "drill": "rehearsed (this machine; object stores and databases alone)",
}
_NAMED_AT_MOST = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """One reason against PASS, as a sentence."""

    verdict: Verdict
    text: str


def failed(text: str) -> Ground:
    """Evidence says that the promise is broken."""
    return Ground(verdict=Verdict.FAIL, text=text)


def unknown(text: str) -> Ground:
    """Evidence is missing or cannot be trusted."""
    return Ground(verdict=Verdict.UNKNOWN, text=text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A claim before its verdict: what it reads, what stands against it, what if nothing does."""

    claim: str
    reads: tuple[type[Record], ...]
    grounds: Sequence[Ground]
    kept: str
    figures: Mapping[str, Figure]


def conclude(evidence: Gathered, case: Case) -> ClaimVerdict:
    """The verdict. Any line of what it reads that cannot be read is a ground for UNKNOWN."""
    lines = (unknown(f"{f.location}: {f.evidence}") for f in evidence.faults_of(case.reads))
    grounds = [*case.grounds, *lines]
    verdict = merge([Verdict.PASS, *(ground.verdict for ground in grounds)])
    reasons = [ground.text for ground in grounds if ground.verdict is verdict]
    return ClaimVerdict(
        id=case.claim,
        promise=BY_ID[case.claim].promise,
        verdict=verdict,
        where=where(evidence),
        reason="; ".join(reasons) or case.kept,
        figures=dict(case.figures),
        evidence=evidence.files_of(case.reads),
    )


def where(evidence: Gathered) -> str:
    """Where the verdict was seen. A rehearsal is never called anything else."""
    scope = evidence.run.scope
    return _SCOPES.get(scope, f"proven in {scope}")


def no_evidence(claim: str) -> Ground:
    """Nothing measured the claim; says what would."""
    return unknown(f"{NO_EVIDENCE}; needed: {BY_ID[claim].proof}")


def some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    shown = ", ".join(names[:_NAMED_AT_MOST])
    more = len(names) - _NAMED_AT_MOST
    return f"{shown} and {more} more" if more > 0 else shown
