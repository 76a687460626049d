"""One rule on one text of manifests."""

from __future__ import annotations

from policies.catalogue import CATALOGUE
from policies.manifest import Stack
from policies.manifests import parse_manifests
from policies.rule import Rule
from province.findings import Finding

RULES = {rule.id: rule for rule in CATALOGUE}


def found(rule: Rule, text: str) -> tuple[Finding, ...]:
    """What the rule finds in those manifests."""
    return tuple(rule.check(Stack(parse_manifests(text, "example"))))


def evidence(rule_id: str, text: str) -> list[str]:
    """What the rule of that id sees in those manifests."""
    return [finding.evidence for finding in found(RULES[rule_id], text)]
