"""The judge: from a run folder alone to a verdict on each claim and on the whole.

It has no clock, no network and no process: the same folder gives the same judgement, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evidence.figure import ClaimVerdict
from evidence.records import StageRecord
from evidence.run import RunFolder
from evidence.verdict import ExitCode, Verdict, exit_code, merge
from province.claims import CLAIMS
from province.findings import Finding
from province.value import Value
from release.claims.backup import judge_backup
from release.claims.compute import judge_compute
from release.claims.drills import DrillSeen, seen_drills
from release.claims.fleet import judge_fleet
from release.claims.grounds import Case, conclude, no_evidence
from release.claims.ipv6 import judge_ipv6
from release.claims.resources import judge_resources
from release.claims.security import judge_security
from release.claims.site_loss import judge_site_loss
from release.claims.storage import judge_storage
from release.claims.tiers import judge_tiers
from release.claims.users import judge_users
from release.gathered import Gathered, gather

JUDGES: Mapping[str, Callable[[Gathered], ClaimVerdict]] = {
    "fleet": judge_fleet,
    "users": judge_users,
    "compute": judge_compute,
    "tiers": judge_tiers,
    "ipv6": judge_ipv6,
    "security": judge_security,
    "site-loss": judge_site_loss,
    "storage": judge_storage,
    "backup": judge_backup,
    "resources": judge_resources,
}
"""Who judges a claim. A claim that nobody judges has no evidence yet."""

STAGES_PLANNED: Mapping[str, tuple[str, ...]] = {
    "rehearsal": (
        "toolchain",
        "machine-room",
        "policies",
        "deploy",
        "placement",
        "jobs",
        "destroy",
        "load",
    ),
}
"""Stages that a run of that scope has to end. The judge's own is told by whoever runs it."""


class Judgement(Value):
    """What the judge says of a run. `claims` stand in the order of `province.claims.CLAIMS`.

    `stages` are in the order in which they ended, those that never ended last, with 0 seconds.
    `faults` are the lines of evidence that nobody can read; `drills` are in the order in which
    they were run.
    """

    run: str
    scope: str
    verdict: Verdict
    exit_code: ExitCode
    claims: tuple[ClaimVerdict, ...]
    stages: tuple[StageRecord, ...]
    faults: tuple[Finding, ...] = ()
    drills: tuple[DrillSeen, ...] = ()


def judge(run: RunFolder) -> Judgement:
    """Judges a run from its folder.

    Raises RunFolderError when the folder does not say what was run, ProvinceError when the kept
    province cannot be read. Anything else that is missing or broken makes claims UNKNOWN.
    """
    return judge_gathered(gather(run))


def judge_gathered(evidence: Gathered) -> Judgement:
    """Judges what was gathered: all claims, then the stages, merged into one verdict."""
    claims = tuple(_judge_claim(claim.id, evidence) for claim in CLAIMS)
    stages = _stages(evidence)
    verdict = merge(
        [
            *(claim.verdict for claim in claims),
            *(stage.verdict for stage in stages),
            *(Verdict.UNKNOWN for _ in evidence.faults),
        ]
    )
    return Judgement(
        run=evidence.run.run,
        scope=evidence.run.scope,
        verdict=verdict,
        exit_code=exit_code(verdict),
        claims=claims,
        stages=stages,
        faults=evidence.faults,
        drills=seen_drills(evidence),
    )


def _judge_claim(claim: str, evidence: Gathered) -> ClaimVerdict:
    judge_this = JUDGES.get(claim)
    if judge_this is not None:
        return judge_this(evidence)
    case = Case(claim=claim, reads=(), grounds=[no_evidence(claim)], kept="", figures={})
    return conclude(evidence, case)


def _stages(evidence: Gathered) -> tuple[StageRecord, ...]:
    ended = evidence.of(StageRecord)
    names = {stage.name for stage in ended}
    planned = STAGES_PLANNED.get(evidence.run.scope, ())
    return (*ended, *(_never_ended(name) for name in planned if name not in names))


def _never_ended(name: str) -> StageRecord:
    return StageRecord(name=name, seconds=0.0, verdict=Verdict.UNKNOWN, reason="it never ended")
