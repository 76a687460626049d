"""Rules between manifests, and the label selectors that tie them together."""

from __future__ import annotations

import pytest

from policies.field import MISSING, UNKNOWN, Field
from policies.selector import selects, selects_all
from tests.policies.judging import RULES, evidence, found

SURVIVES = RULES["deployments-survive-a-zone"].keeps
WALLED = RULES["namespaces-deny-by-default"].keeps
SCALER = """\
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: catalogue, namespace: {namespace}}}
spec: {{{least}, scaleTargetRef: {{kind: Deployment, name: {target}}}}}
"""


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ("replicas: 2", "replicas: 1", "spec.replicas is 1"),
        ("  replicas: 2\n", "", "spec.replicas is missing"),
        ("DoNotSchedule", "ScheduleAnyway", "spreads its pods over zones"),
        ("topology.kubernetes.io/zone", "kubernetes.io/hostname", "spreads its pods over zones"),
        ("labelSelector: {matchLabels: {app: catalogue}}", "x: y", "spreads its pods over zones"),
        ("kind: PodDisruptionBudget", "kind: Note", "no PodDisruptionBudget"),
        ("maxUnavailable: 1", "maxUnavailable: 100%", "no PodDisruptionBudget"),
        ("maxUnavailable: 1", "minAvailable: 0", "no PodDisruptionBudget"),
        ("maxUnavailable: 1, ", "", "no PodDisruptionBudget"),
        ("name: catalogue, namespace: city}\nspec: {max", "name: catalogue}\nspec: {max", "no Pod"),
    ],
)
def test_each_part_of_surviving_is_needed(old: str, new: str, seen: str) -> None:
    assert old in SURVIVES
    findings = evidence("deployments-survive-a-zone", SURVIVES.replace(old, new, 1))
    assert len(findings) == 1
    assert seen in findings[0]


def test_minimum_of_a_budget_protects_too() -> None:
    text = SURVIVES.replace("maxUnavailable: 1", "minAvailable: 1")
    assert evidence("deployments-survive-a-zone", text) == []


@pytest.mark.parametrize(
    ("least", "target", "namespace", "seen"),
    [
        ("minReplicas: 2", "catalogue", "city", []),
        (
            "minReplicas: 1",
            "catalogue",
            "city",
            ["HorizontalPodAutoscaler city/catalogue: spec.minReplicas is 1"],
        ),
        (
            "maxReplicas: 9",
            "catalogue",
            "city",
            ["HorizontalPodAutoscaler city/catalogue: spec.minReplicas is missing"],
        ),
        ("minReplicas: 1", "video", "city", []),
        ("minReplicas: 1", "catalogue", "school", []),
    ],
)
def test_an_autoscaler_has_the_last_word_on_replicas(
    least: str, target: str, namespace: str, seen: list[str]
) -> None:
    scaler = SCALER.format(least=least, target=target, namespace=namespace)
    assert evidence("deployments-survive-a-zone", SURVIVES + scaler) == seen


def test_walls_may_be_two_policies() -> None:
    one = WALLED.replace("[Ingress, Egress]", "[Ingress]")
    other = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-egress, namespace: city}
spec: {podSelector: {}, policyTypes: [Egress]}
"""
    assert evidence("namespaces-deny-by-default", one + other) == []


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ("podSelector: {}", "podSelector: {matchLabels: {a: b}}", 2),
        ("podSelector: {}, ", "", 2),
        ("policyTypes: [Ingress, Egress]", "ingress: []", 2),
        ("[Ingress, Egress]", "[Ingress, Egress], egress: [{to: [{podSelector: {}}]}]", 1),
        ("name: deny, namespace: city", "name: deny, namespace: school", 2),
        ("kind: ResourceQuota", "kind: Note", 1),
        ("kind: LimitRange", "kind: Note", 1),
    ],
)
def test_each_part_of_the_wall_is_needed(old: str, new: str, seen: int) -> None:
    assert old in WALLED
    text = WALLED.replace(old, new, 1)
    findings = found(RULES["namespaces-deny-by-default"], text)
    assert [finding.subject for finding in findings] == ["Namespace city"] * seen


def test_a_namespace_of_no_tier_is_found() -> None:
    text = RULES["namespaces-enforce-pod-security"].keeps.replace("tier: city", "tier: galaxy")
    assert evidence("namespaces-enforce-pod-security", text) == [
        'metadata.labels[suyun.io/tier] is "galaxy"'
    ]


LABELS = {"app": "catalogue", "tier": "city"}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (MISSING, False),
        (UNKNOWN, False),
        ({}, True),
        ({"matchLabels": {"app": "catalogue"}}, True),
        ({"matchLabels": {"app": "video"}}, False),
        ({"matchLabels": {"app": UNKNOWN}}, False),
        ({"matchLabels": UNKNOWN}, False),
        ({"matchExpressions": UNKNOWN}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["catalogue"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["video"]}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["video"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": UNKNOWN}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "pool", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "pool", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Resembles"}]}, False),
    ],
)
def test_a_selector_selects_as_kubernetes_says(selector: object, *, expected: bool) -> None:
    assert selects(Field("selector", selector), Field("labels", LABELS)) is expected


def test_unknown_labels_are_selected_by_nothing() -> None:
    assert not selects(Field("selector", {}), Field("labels", UNKNOWN))
    key = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["video"]}]}
    assert not selects(Field("selector", key), Field("labels", {"app": UNKNOWN}))


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({}, True),
        ({"matchLabels": {}, "matchExpressions": []}, True),
        ({"matchLabels": {"a": "b"}}, False),
        ({"matchLabels": UNKNOWN}, False),
        (MISSING, False),
        (UNKNOWN, False),
    ],
)
def test_an_empty_selector_selects_all(selector: object, *, expected: bool) -> None:
    assert selects_all(Field("selector", selector)) is expected
