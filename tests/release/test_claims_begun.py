"""Claims of which only a part is measured: security never passes yet."""

from __future__ import annotations

from evidence.records import LoadRecord, PolicyRecord, StackRecord
from evidence.verdict import Verdict
from province.findings import Severity
from release.claims.ipv6 import judge_ipv6
from release.claims.security import judge_security
from release.claims.tiers import judge_tiers
from tests.release import runs

WHOLE = runs.whole()


def test_rules_that_hold_are_shown_but_are_not_yet_the_norm() -> None:
    claim = judge_security(runs.gathered(*WHOLE))
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason == (
        "10 rules hold at preview of 3 sites; the level-3 map is not complete yet"
    )
    assert claim.figures["resources_checked"].value == 270
    assert claim.figures["findings_errors"].value == 0


def test_a_broken_mandatory_rule_fails_with_rule_and_resource() -> None:
    broken = runs.policy("suzhou", findings=(runs.FINDING,))
    claim = judge_security(runs.gathered(*WHOLE, broken))
    assert claim.verdict is Verdict.FAIL
    assert "containers-have-limits by Deployment city/catalogue at suzhou" in claim.reason
    assert claim.figures["findings_errors"].value == 1


def test_a_warning_does_not_fail() -> None:
    warning = runs.FINDING.model_copy(update={"severity": Severity.WARNING})
    claim = judge_security(runs.gathered(*WHOLE, runs.policy("suzhou", findings=(warning,))))
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.figures["findings_warnings"].value == 1


def test_a_site_that_no_policy_saw_is_named() -> None:
    claim = judge_security(runs.gathered(runs.policy("main"), runs.policy("suzhou")))
    assert "no preview was checked at xuzhou" in claim.reason


def test_without_records_all_three_have_no_evidence() -> None:
    bare = runs.gathered(*runs.without(WHOLE, LoadRecord, StackRecord, PolicyRecord))
    for claim in (judge_security(bare), judge_ipv6(bare), judge_tiers(bare)):
        assert claim.verdict is Verdict.UNKNOWN
        assert claim.reason.startswith("no evidence yet; needed: ")
        assert claim.figures == {}
