"""Rules about the main center's services: the realm's file, and the way out."""

from __future__ import annotations

import json

import pytest

from infra.plan.realm import realm_json
from tests import worlds
from tests.policies.judging import RULES, evidence

REALM = RULES["realms-prove-who-comes"].keeps
WAY_OUT = RULES["egress-by-address-is-narrow"].keeps


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ('"sslRequired": "all"', '"sslRequired": "none"', 'realm.sslRequired is "none"'),
        ('"failureFactor": 5', '"failureFactor": 500', "realm.failureFactor is 500"),
        ('"failureFactor": 5', '"x": 5', "realm.failureFactor is missing"),
        ("length(12)", "length(6)", 'realm.passwordPolicy is "length(6)"'),
        ('Allowed": false', 'Allowed": true', "realm.registrationAllowed is true"),
        ('"defaultAction": true', '"defaultAction": false', "no default action"),
        ('"failureFactor"', '"a": [{"secret": "x"}], "failureFactor"', "a[0].secret holds a"),
        ('"failureFactor": 5}', '"failureFactor": 5', "is no realm in JSON"),
        ("\ndata:", "\nother:", "data is missing"),
    ],
)
def test_each_part_of_the_realm_is_needed(old: str, new: str, seen: str) -> None:
    assert old in REALM
    (found,) = evidence("realms-prove-who-comes", REALM.replace(old, new, 1))
    assert seen in found


def test_a_config_map_of_no_realm_is_free() -> None:
    assert evidence("realms-prove-who-comes", REALM.replace("labels", "annotations")) == []


def test_the_planned_realm_keeps_the_rule() -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "realm", "namespace": "n", "labels": {"suyun.io/realm": "realm"}},
        "data": {"realm.json": realm_json(worlds.province())},
    }
    assert evidence("realms-prove-who-comes", json.dumps(manifest)) == []


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ("192.0.2.16/31", "2001:db8::/124", []),
        ("192.0.2.16/31", "2001:db8::/64", ["cidr is"]),
        ("192.0.2.16/31", "192.0.2.0/27", ["cidr is"]),
        ("192.0.2.16/31", "somewhere", ["cidr is"]),
        ("192.0.2.16/31", "10.0.0.0/8", []),
        ("192.0.2.16/31", "fd7c:41d9:e600::/40", []),
        ("192.0.2.16/31", "8.0.0.0/6", ["cidr is"]),
        (", ports: [{protocol: TCP, port: 443}]", "", ["ports is missing"]),
        ("port: 443", "endPort: 443", ["port is missing"]),
        ("ipBlock: {cidr: 192.0.2.16/31}", "podSelector: {}", []),
    ],
)
def test_a_way_out_is_narrow_and_names_its_ports(old: str, new: str, seen: list[str]) -> None:
    assert old in WAY_OUT
    found = evidence("egress-by-address-is-narrow", WAY_OUT.replace(old, new, 1))
    assert len(found) == len(seen)
    assert all(part in text for part, text in zip(seen, found, strict=True))
