"""The three administrators: each of the ways in which they could be one."""

from __future__ import annotations

import pytest

from infra.plan.access import ADMINISTRATORS, plan_access
from policies.manifest import Stack, manifests_of
from tests import worlds
from tests.policies.judging import RULES, evidence

RULE = "administrators-are-separate"
ROLE = """\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: {name}, labels: {{suyun.io/administrator: {name}}}}}
rules: [{{apiGroups: [{group}], resources: [{resource}], verbs: [{verb}]}}]
"""
BINDING = """\
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: {name}}}
roleRef: {{name: {name}}}
subjects: [{{kind: Group, name: {group}}}]
"""


def role(name: str, resource: str, verb: str, group: str = "apps") -> str:
    return ROLE.format(name=name, group=group, resource=resource, verb=verb)


def binding(name: str, group: str) -> str:
    return BINDING.format(name=name, group=group)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (role("system", "deployments", "create") + role("security", "roles", "create"), []),
        (
            role("system", "deployments", "create") + role("security", "deployments", "patch"),
            ["rules[0].resources[0] is written by system too"],
        ),
        (role("system", "pods", "create") + role("audit", "pods", "get"), []),
        (
            role("system", "roles", "create", "apps") + role("security", "roles", "bind", "rbac"),
            [],
        ),
        (role("janitor", "pods", "get"), ['labels[suyun.io/administrator] is "janitor"']),
    ],
)
def test_no_two_write_the_same(text: str, seen: list[str]) -> None:
    found = evidence(RULE, text)
    assert len(found) == len(seen)
    assert all(part in finding for part, finding in zip(seen, found, strict=True))


def test_nobody_holds_two_roles() -> None:
    roles = role("system", "pods", "create") + role("audit", "pods", "get")
    apart = binding("system", "a") + binding("audit", "b")
    both = binding("system", "a") + binding("audit", "a")
    assert evidence(RULE, roles + apart) == []
    assert evidence(RULE, roles + both) == ['subjects[0].name is "a" and holds system too']


def test_a_role_of_no_administrator_may_write_what_one_writes() -> None:
    tenant = role("system", "pods", "create").replace("labels", "annotations").replace("m,", "x,")
    assert evidence(RULE, role("system", "pods", "create") + tenant) == []


def test_the_planned_administrators_are_found_and_apart() -> None:
    planned = [r for r in plan_access(worlds.small().main, ()).roles if r.administrator]
    assert tuple(r.administrator for r in planned) == ADMINISTRATORS
    manifests = [
        manifest
        for r in planned
        for manifest in manifests_of(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRole",
                "metadata": {"name": r.name, "labels": {"suyun.io/administrator": r.administrator}},
                "rules": [
                    {"apiGroups": [g.group], "resources": [*g.resources], "verbs": [*g.verbs]}
                    for g in r.grants
                ],
            }
        )
    ]
    assert list(RULES[RULE].check(Stack(manifests))) == []
