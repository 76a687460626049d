"""Values that are not known yet, and shapes that nobody expects."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policies.catalogue import CATALOGUE, check, explain
from policies.field import UNKNOWN
from policies.manifest import Manifest, Stack, manifests_of
from policies.rule import Rule

Path = tuple[str | int, ...]
EXAMPLES: list[list[Any]] = [
    list(yaml.safe_load_all(text)) for rule in CATALOGUE for text in (rule.keeps, rule.breaks)
]


def places(value: object, path: Path = ()) -> Iterator[Path]:
    """The path of every value inside."""
    children: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


def replaced(documents: list[Any], path: Path, value: object) -> list[Any]:
    """The documents with another value at that path."""
    copy: Any = deepcopy(documents)
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return list(copy)


def manifests(documents: list[Any]) -> list[Manifest]:
    return [manifest for document in documents for manifest in manifests_of(document)]


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_what_breaks_a_rule_is_refused_whatever_of_it_is_unknown(rule: Rule) -> None:
    documents = list(yaml.safe_load_all(rule.breaks))
    for path in places(documents):
        unseen = manifests(replaced(documents, path, UNKNOWN))
        refusals = {finding.rule for finding in check(unseen)}
        assert refusals & {rule.id, "resources-are-known"}, path


@pytest.mark.parametrize(
    ("rule_id", "path"),
    [
        ("containers-have-limits", ("spec", "template")),
        ("containers-have-limits", ("spec", "template", "spec", "containers")),
        ("containers-run-restricted", ("spec", "containers", 0, "securityContext")),
        ("containers-run-restricted", ("spec", "securityContext")),
        ("images-pinned-by-digest", ("spec", "containers", 0, "image")),
        ("no-host-access", ("spec", "volumes")),
        ("no-host-access", ("spec", "containers", 0, "ports", 0)),
        ("default-service-account-unused", ("spec", "serviceAccountName")),
        ("roles-name-what-they-grant", ("rules",)),
        ("namespaces-enforce-pod-security", ("metadata", "labels")),
        ("network-policies-name-their-peers", ("spec", "ingress", 0, "from")),
        ("services-are-dual-stack", ("spec", "ipFamilies")),
        ("services-not-exposed", ("spec", "type")),
        ("gateways-are-tls-only", ("spec", "listeners", 0, "tls", "certificateRefs")),
        ("resources-are-known", ("metadata", "name")),
    ],
)
def test_a_decisive_unknown_is_never_fine(rule_id: str, path: Path) -> None:
    documents = list(yaml.safe_load_all(explain(rule_id).keeps))
    unseen = manifests(replaced(documents, (0, *path), UNKNOWN))
    rule = next(rule for rule in CATALOGUE if rule.id == rule_id)
    findings = list(rule.check(Stack(unseen)))
    assert any("is not known before the deployment" in finding.evidence for finding in findings)


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(UNKNOWN)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(anything)
def test_no_rule_falls_over_any_properties(properties: object) -> None:
    check(manifests_of(properties))


@given(st.sampled_from(EXAMPLES), st.data())
def test_no_rule_falls_over_a_manifest_gone_wrong_in_places(
    documents: list[Any], data: st.DataObject
) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(places(documents))))
        documents = replaced(documents, path, data.draw(anything))
    check(manifests(documents))
