"""Each rule by its own examples, and what the rules promise together."""

from __future__ import annotations

import difflib
import re

import pytest

from policies.catalogue import CATALOGUE, check, explain
from policies.manifests import parse_manifests
from policies.rule import Rule
from province.claims import BY_ID
from province.findings import Severity
from tests.policies.judging import found

every_rule = pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)


@every_rule
def test_the_smallest_that_keeps_a_rule_has_no_finding(rule: Rule) -> None:
    assert found(rule, rule.keeps) == ()


@every_rule
def test_the_smallest_that_breaks_a_rule_is_found_with_its_fix(rule: Rule) -> None:
    findings = found(rule, rule.breaks)
    assert findings
    for finding in findings:
        assert finding.rule == rule.id
        assert finding.severity is Severity.ERROR
        assert re.fullmatch(r"[A-Z]\w+ [\w./-]+", finding.subject)
        assert finding.evidence
        assert finding.hint
        assert finding.location
        assert finding.location.startswith("example:")


@every_rule
def test_the_two_examples_differ_in_one_place(rule: Rule) -> None:
    lines = list(difflib.ndiff(rule.keeps.splitlines(), rule.breaks.splitlines()))
    assert sum(line.startswith("- ") for line in lines) <= 1
    assert sum(line.startswith("+ ") for line in lines) <= 1


@every_rule
def test_a_rule_serves_a_claim_and_answers_to_a_norm(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.id)
    assert rule.claim in BY_ID
    assert rule.references
    assert not rule.sentence.endswith(".")


def test_there_are_no_two_rules_of_one_id() -> None:
    assert len({rule.id for rule in CATALOGUE}) == len(CATALOGUE)


@every_rule
def test_explain_tells_everything(rule: Rule) -> None:
    text = str(explain(rule.id))
    for part in (rule.id, rule.sentence, rule.rationale, BY_ID[rule.claim].promise):
        assert part in " ".join(text.split())
    assert all(len(line) <= 120 for line in text.splitlines())
    assert all(str(reference) in text for reference in rule.references)
    for example in (rule.keeps, rule.breaks):
        assert all(line in text for line in example.splitlines())


def test_explain_knows_no_other_rule() -> None:
    with pytest.raises(KeyError):
        explain("containers-have-limbs")


def test_check_reports_in_the_order_of_the_manifests() -> None:
    text = "\n---\n".join(
        explain(name).breaks for name in ("services-not-exposed", "no-host-access")
    )
    subjects = [finding.subject for finding in check(parse_manifests(text, "example"))]
    assert list(dict.fromkeys(subjects)) == ["Service city/catalogue", "Pod city/catalogue"]


def test_check_of_nothing_finds_nothing() -> None:
    assert check(()) == ()
