"""The main center's services: the realm as code, Keycloak, and the exchange gateway."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from infra.plan.fleet import plan_fleet
from infra.plan.realm import REALM, groups, realm_json
from infra.plan.site import plan_site
from infra.plan.size import resources_count
from infra.plan.values import SitePlan
from province.tiers import site_tree
from tests import worlds
from tests.infra import example
from tests.infra.recorded import Recording, record


def main() -> SitePlan:
    return plan_site(example.small(), "main", "rehearsal")


@cache
def recording() -> Recording:
    return record(main())


def pod(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = recording().of("Deployment")[name]["spec"]["template"]["spec"]
    return spec


def test_a_branch_has_no_such_service() -> None:
    assert plan_site(example.small(), "wuxi", "rehearsal").services == ()


def test_a_stack_has_as_many_resources_as_the_plan_says() -> None:
    assert len(recording().all) + 1 == resources_count(main())


def test_everybody_who_is_given_rights_is_a_group_of_the_realm() -> None:
    known = set(groups(worlds.province()))
    given = {
        binding.group
        for plan in plan_fleet(worlds.province(), "rehearsal").sites
        for binding in plan.access.bindings
    }
    assert given == known
    assert len(known) == 3 + 1 + 13 * 2 + 95


def test_the_realm_wants_a_second_factor_and_locks_out_guessers() -> None:
    realm = json.loads(realm_json(worlds.province()))
    assert realm["realm"] == REALM
    assert realm["bruteForceProtected"]
    assert realm["failureFactor"] == 5
    (first, *_) = realm["requiredActions"]
    assert (first["alias"], first["defaultAction"]) == ("CONFIGURE_TOTP", True)
    assert realm["eventsExpiration"] >= 180 * 24 * 3600
    assert all(client["publicClient"] for client in realm["clients"])
    assert all(
        client["attributes"] == {"pkce.code.challenge.method": "S256"}
        and not client["directAccessGrantsEnabled"]
        for client in realm["clients"]
    )


def test_one_client_is_good_at_every_site() -> None:
    (platform, _) = json.loads(realm_json(worlds.province()))["clients"]
    assert len(platform["webOrigins"]) == 14
    assert "https://suqian.suyun.example/*" in platform["redirectUris"]


def test_keycloak_reads_the_realm_and_keeps_its_settings_in_a_secret() -> None:
    files = recording().of("ConfigMap")["identity/realm"]
    assert files["metadata"]["labels"]["suyun.io/realm"] == "realm"
    assert json.loads(files["data"][f"{REALM}-realm.json"])["realm"] == REALM
    spec = pod("identity/keycloak")
    (container,) = spec["containers"]
    assert "--import-realm" in container["args"]
    assert {p["name"]: p["containerPort"] for p in container["ports"]} == {
        "http": 8080,
        "health": 9000,
    }
    assert container["readinessProbe"]["httpGet"] == {
        "path": "/identity/health/ready",
        "port": "health",
    }
    mounted = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert mounted["realm"]["mountPath"] == "/opt/keycloak/data/import"
    assert mounted["keycloak-settings"]["readOnly"] is True
    secrets = [v["secret"]["secretName"] for v in spec["volumes"] if "secret" in v]
    assert secrets == ["keycloak-settings"]


def test_the_edge_leads_to_keycloak_and_not_to_the_exchange() -> None:
    assert "identity/keycloak" in recording().of("HTTPRoute")
    assert "exchange/exchange-gateway" not in recording().of("HTTPRoute")
    edge = recording().of("NetworkPolicy")["edge/allow-planned"]["spec"]["egress"][1]
    (expression,) = edge["to"][0]["namespaceSelector"]["matchExpressions"]
    assert expression["values"] == ["province", "identity"]


def test_the_exchange_reaches_the_national_center_and_nobody_else() -> None:
    dns, *outside = recording().of("NetworkPolicy")["exchange/allow-planned"]["spec"]["egress"]
    assert {(p["protocol"], p["port"]) for p in dns["ports"]} == {("UDP", 53), ("TCP", 53)}
    assert [rule["to"] for rule in outside] == [
        [{"ipBlock": {"cidr": "192.0.2.16/31"}}],
        [{"ipBlock": {"cidr": "2001:db8:16::/127"}}],
    ]
    assert {port["port"] for rule in outside for port in rule["ports"]} == {443}


def test_services_have_room_of_their_own_in_the_tree() -> None:
    tree = site_tree(example.small(), example.small().main)
    quotas = {n.name: n.quota.cpu_millis for n in main().namespaces}
    assert quotas["identity"] + quotas["exchange"] == tree.services.cpu_millis
    asked = sum(quotas.values()) - quotas["edge"]
    assert asked == tree.given.cpu_millis <= tree.whole.cpu_millis
