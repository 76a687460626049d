"""The rules as data: which there are, what each says, and what they find in manifests."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill

from policies.manifest import Manifest, Stack
from policies.rule import ManifestRule, Rule, StackRule
from policies.rules import (
    accounts,
    administrators,
    alerts,
    containers,
    data,
    deployments,
    gateways,
    hosts,
    images,
    namespaces,
    network,
    object_stores,
    outside,
    pools,
    queues,
    realms,
    resources,
    services,
    volumes,
)
from province.claims import BY_ID
from province.findings import Finding, Severity
from province.value import Value

CATALOGUE: tuple[Rule, ...] = (
    *containers.RULES,
    *images.RULES,
    *hosts.RULES,
    *accounts.RULES,
    *administrators.RULES,
    *namespaces.RULES,
    *network.RULES,
    *outside.RULES,
    *realms.RULES,
    *services.RULES,
    *gateways.RULES,
    *deployments.RULES,
    *data.RULES,
    *pools.RULES,
    *volumes.RULES,
    *object_stores.RULES,
    *queues.RULES,
    *alerts.RULES,
    *resources.RULES,
)
"""In the order in which they are listed."""
_COLUMNS = 100


class RuleText(Value):
    """All that a reviewer wants to know of one rule. `keeps` and `breaks` are YAML manifests."""

    id: str
    severity: Severity
    sentence: str
    claim: str
    promise: str
    rationale: str
    references: tuple[str, ...]
    scope: str
    keeps: str
    breaks: str

    def __str__(self) -> str:
        return "\n".join(
            (
                f"{self.id} ({self.severity}; judges {self.scope})",
                f"  {self.sentence}.",
                "",
                fill(f"Why: {self.rationale}", _COLUMNS, subsequent_indent="     "),
                f"Serves the claim '{self.claim}': {self.promise}.",
                "Norms:",
                *(f"  {reference}" for reference in self.references),
                "",
                "Keeps it:",
                _indented(self.keeps),
                "",
                "Breaks it:",
                _indented(self.breaks),
            )
        )


def check(manifests: Iterable[Manifest]) -> tuple[Finding, ...]:
    """What all rules find in those manifests together, in the manifests' order."""
    stack = Stack(manifests)
    place = {manifest.subject: index for index, manifest in enumerate(stack.manifests)}
    found = [finding for rule in CATALOGUE for finding in rule.check(stack)]
    return tuple(sorted(found, key=lambda finding: place[finding.subject]))


def explain(rule_id: str) -> RuleText:
    """The rule of that id, in words. Raises KeyError when there is none."""
    rule = {rule.id: rule for rule in CATALOGUE}[rule_id]
    return RuleText(
        id=rule.id,
        severity=rule.severity,
        sentence=rule.sentence,
        claim=rule.claim,
        promise=BY_ID[rule.claim].promise,
        rationale=rule.rationale,
        references=tuple(str(reference) for reference in rule.references),
        scope="all manifests together" if isinstance(rule, StackRule) else "each manifest alone",
        keeps=rule.keeps,
        breaks=rule.breaks,
    )


def manifest_rules() -> tuple[ManifestRule, ...]:
    """The rules that one manifest alone keeps or breaks."""
    return tuple(rule for rule in CATALOGUE if isinstance(rule, ManifestRule))


def stack_rules() -> tuple[StackRule, ...]:
    """The rules between manifests."""
    return tuple(rule for rule in CATALOGUE if isinstance(rule, StackRule))


def _indented(yaml: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in yaml.rstrip().splitlines())
