"""Rules about namespaces: each has its tier, its standard of security, its walls and its share."""

from __future__ import annotations

from collections.abc import Iterator

from infra.plan.labels import POOL_LABEL, TIER_LABEL
from policies.field import Field, Problem, equals, require
from policies.manifest import Manifest, Stack
from policies.norms import cis, gbt, nsa, pss
from policies.rule import ManifestRule, StackRule
from policies.selector import selects_all
from province.platform import Tier
from province.sites import Purpose

_ENFORCE = "pod-security.kubernetes.io/enforce"
_DISKS = Purpose.STORAGE.value
"""The pool whose machines' disks are driven by pods; `privileged-pods-drive-disks-alone`."""
_DIRECTIONS = {"Ingress": "ingress", "Egress": "egress"}
_SHARES = {
    "ResourceQuota": "add a ResourceQuota that bounds the namespace's CPU, memory and pods",
    "LimitRange": "add a LimitRange with default requests and limits for containers",
}


def _enforce_pod_security(manifest: Manifest) -> Iterator[Problem]:
    if not manifest.is_a("Namespace", group=""):
        return
    labels = manifest.root.at("metadata", "labels")
    level = labels[_ENFORCE]
    levels = ("restricted", "privileged") if labels[POOL_LABEL].value == _DISKS else ("restricted",)
    yield from require(level, equals(*levels), f"set the label {_ENFORCE} to restricted")
    tiers = tuple(tier.value for tier in Tier)
    hint = f"set the label {TIER_LABEL} to one of {', '.join(tiers)}"
    yield from require(labels[TIER_LABEL], equals(*tiers), hint)


def _deny_by_default(stack: Stack) -> Iterator[tuple[Manifest, Problem]]:
    for namespace in stack.of("Namespace", group=""):
        for direction in sorted(set(_DIRECTIONS) - _denied(stack, namespace.name)):
            yield namespace, _open(direction)
        for kind, hint in _SHARES.items():
            if not any(stack.of(kind, "", namespace.name)):
                yield namespace, Problem(f"no {kind} of the stack is in it", hint)


def _open(direction: str) -> Problem:
    return Problem(
        f"no NetworkPolicy of the stack denies all {direction.lower()} in it",
        f"add a NetworkPolicy with podSelector {{}}, policyTypes [{direction}] and no rules",
    )


def _denied(stack: Stack, namespace: str) -> set[str]:
    """The directions in which some policy denies everything to all of the namespace's pods."""
    specs = [p.root["spec"] for p in stack.of("NetworkPolicy", "networking.k8s.io", namespace)]
    return {
        direction
        for spec in specs
        if selects_all(spec["podSelector"])
        for direction, rules in _DIRECTIONS.items()
        if spec[rules].is_empty and direction in _types(spec)
    }


def _types(spec: Field) -> set[str]:
    return {kind.text for kind in spec["policyTypes"].each()}


RULES = (
    ManifestRule(
        id="namespaces-enforce-pod-security",
        sentence="Each namespace has its tier, and admits only restricted pods, but for disks",
        claim="security",
        rationale="The API server then refuses what slipped past the preview, whoever sends it; "
        "and quotas, policies and reports tell the four tiers apart by the label.",
        references=(
            gbt("8.1.4.4 CES1-17 (least installation)"),
            gbt("8.1.2.1 CNS1-03 (separate areas)"),
            cis("5.2.1 (an active policy control)"),
            pss("restricted, enforced by namespace labels"),
        ),
        judge=_enforce_pod_security,
        keeps="""\
apiVersion: v1
kind: Namespace
metadata:
  name: city
  labels: {pod-security.kubernetes.io/enforce: restricted, suyun.io/tier: city}
""",
        breaks="""\
apiVersion: v1
kind: Namespace
metadata:
  name: city
  labels: {pod-security.kubernetes.io/enforce: baseline, suyun.io/tier: city}
""",
    ),
    StackRule(
        id="namespaces-deny-by-default",
        sentence="Each namespace denies everything both ways unless listed, with a bounded share",
        claim="security",
        rationale="A pod that nothing allows then talks to nobody, and one tenant cannot take the "
        "share of another.",
        references=(
            gbt("8.1.3.2 ABS1-05 (deny by default)"),
            gbt("8.2.2.1 CNS2-02 (tenants are isolated)"),
            cis("5.3.2 (network policies in all namespaces)"),
            nsa("Network policies; Resource policies"),
        ),
        judge=_deny_by_default,
        keeps="""\
apiVersion: v1
kind: Namespace
metadata: {name: city}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: city}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: city, namespace: city}
---
apiVersion: v1
kind: LimitRange
metadata: {name: city, namespace: city}
""",
        breaks="""\
apiVersion: v1
kind: Namespace
metadata: {name: city}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: city}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: city, namespace: city}
---
apiVersion: v1
kind: LimitRange
metadata: {name: city, namespace: city}
""",
    ),
)
