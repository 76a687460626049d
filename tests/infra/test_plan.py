from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.plan.errors import PlanError
from infra.plan.fleet import plan_fleet
from infra.plan.site import plan_site
from infra.plan.values import NamespacePlan, SitePlan
from province.province import Province
from province.sites import Purpose
from province.tiers import overdrawn, site_tree
from tests import worlds
from tests.infra import example


def suzhou() -> SitePlan:
    return plan_site(example.small(), "suzhou", "rehearsal")


def namespace(plan: SitePlan, name: str) -> NamespacePlan:
    return next(n for n in plan.namespaces if n.name == name)


def test_the_main_site_comes_first_and_stacks_bear_environment_and_site() -> None:
    fleet = plan_fleet(example.small(), "rehearsal")
    assert [plan.stack for plan in fleet.sites] == [
        "rehearsal.main",
        "rehearsal.suzhou",
        "rehearsal.wuxi",
    ]


def test_equal_provinces_give_equal_plans() -> None:
    assert plan_fleet(example.small(), "rehearsal") == plan_fleet(example.small(), "rehearsal")


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 15), st.integers(1, 60_000))
def test_a_new_site_is_made_known_at_main_and_changes_no_other_plan(
    number: int, users: int
) -> None:
    before = plan_fleet(example.small(), "rehearsal")
    document = example.document()
    document["sites"].append(example.site("xuzhou", number, users=min(users, 40_000)))
    after = plan_fleet(Province.model_validate(document), "rehearsal")
    main = after.sites[0]
    then = before.sites[0]
    was = dataclasses.replace(main, compute=then.compute, hub=then.hub, services=then.services)
    assert (was, *after.sites[1:-1]) == before.sites
    assert main.hub is not None
    assert [member.cluster for member in main.hub.members] == ["suzhou", "wuxi", "xuzhou"]


@settings(max_examples=50, deadline=None)
@given(st.integers(8, 22), st.integers(32, 60))
def test_prefixes_of_a_site_are_disjoint_and_inside_it(ipv4: int, ipv6: int) -> None:
    document = example.document()
    document["sites"][1]["nodes"] = [
        {"purpose": "platform", "count": 2, "cpu_cores": 64, "memory_gib": 256}
    ]
    document["sites"][1]["prefixes"] = {"ipv4": f"10.0.0.0/{ipv4}", "ipv6": f"fd00:32::/{ipv6}"}
    province = Province.model_validate(document)
    site = province.site("suzhou")
    addresses = plan_site(province, "suzhou", "rehearsal").addresses
    parts = (
        *(addresses.nodes, addresses.pods, addresses.services),
        *(addresses.storage, addresses.management),
    )
    for index, part in enumerate(parts):
        assert part.ipv4.subnet_of(site.prefixes.ipv4)
        assert part.ipv6.subnet_of(site.prefixes.ipv6)
        for other in parts[index + 1 :]:
            assert not part.ipv4.overlaps(other.ipv4)
            assert not part.ipv6.overlaps(other.ipv6)
    assert addresses.control_plane in addresses.nodes.ipv4
    assert addresses.services.ipv4.prefixlen >= 12
    assert addresses.services.ipv6.prefixlen >= 108


@pytest.mark.parametrize("prefix", ["10.16.0.0/23", "10.16.0.0/21"])
def test_a_prefix_too_small_is_named_with_a_hint(prefix: str) -> None:
    document = example.document()
    document["sites"][1]["prefixes"]["ipv4"] = prefix
    with pytest.raises(PlanError, match=r"suzhou.*10\.16") as caught:
        plan_site(Province.model_validate(document), "suzhou", "rehearsal")
    assert "prefix" in caught.value.hint


def test_nodes_are_named_and_spread_over_zones_and_racks() -> None:
    pool = [node for node in suzhou().nodes if node.purpose is Purpose.PLATFORM]
    assert [node.name for node in pool] == [f"suzhou-platform-0{i}" for i in (1, 2, 3, 4)]
    assert [(node.zone, node.rack) for node in pool] == [
        ("z1", "r1"),
        ("z2", "r3"),
        ("z1", "r2"),
        ("z2", "r3"),
    ]
    assert pool[0].labels["topology.kubernetes.io/region"] == "suzhou"
    assert pool[0].labels["topology.kubernetes.io/zone"] == "z1"


def test_only_platform_nodes_take_whatever_comes() -> None:
    untainted = {node.purpose for node in suzhou().nodes if node.taint is None}
    assert untainted == {Purpose.PLATFORM}


def test_a_branch_has_a_namespace_for_each_tier() -> None:
    assert [n.name for n in suzhou().namespaces] == [
        "city",
        "county-gusu",
        "county-kunshan",
        "school",
        "province",
        "edge",
    ]
    main = plan_site(example.small(), "main", "rehearsal")
    assert [n.name for n in main.namespaces] == ["province", "identity", "exchange", "edge"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 900), max_size=40), st.integers(0, 40_000))
def test_quotas_of_a_site_hold_or_it_is_refused(schools: list[int], users: int) -> None:
    document = example.document()
    document["sites"][1]["users_concurrent"] = users
    document["sites"][1]["counties"] = [
        example.county(f"c{i}", count) for i, count in enumerate(schools)
    ]
    province = Province.model_validate(document)
    refusals = list(overdrawn(site_tree(province, province.site("suzhou"))))
    if refusals:
        with pytest.raises(PlanError, match=re.escape(str(refusals[0]))):
            plan_site(province, "suzhou", "rehearsal")
        return
    plan = plan_site(province, "suzhou", "rehearsal")
    quotas = {n.name: n.quota for n in plan.namespaces if n.name != "edge"}
    jobs_counted_twice = quotas["province"]
    for unit, there in (("cpu_millis", 4 * 32_000 * 0.9), ("pods", 4 * 110 * 0.9)):
        asked = sum(getattr(quota, unit) for quota in quotas.values())
        assert asked - getattr(jobs_counted_twice, unit) <= there
    assert quotas["city"].pods >= sum(w.replicas_max for w in plan.workloads)
    assert quotas["school"].cpu_millis == 5 * sum(schools)


def test_talk_is_allowed_from_both_sides_or_from_none() -> None:
    plan = suzhou()
    ingress = {(peer, n.name) for n in plan.namespaces for peer in n.ingress_namespaces}
    egress = {(n.name, peer) for n in plan.namespaces for peer in n.egress_namespaces}
    assert ingress == egress
    assert ("edge", "city") in ingress
    assert ("edge", "school") not in ingress
    assert namespace(plan, "edge").public_ports == (443,)


def test_replicas_follow_users_and_leave_room_for_a_partner() -> None:
    login = suzhou().workloads[0]
    assert (login.replicas, login.replicas_max, login.available_min) == (4, 8, 3)
    assert login.namespace == "city"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40_000), st.integers(0, 40_000))
def test_whoever_may_come_from_a_failed_site_finds_replicas_quota_and_connections(
    users: int, takeover: int
) -> None:
    document = example.document()
    document["sites"][1] |= {"users_concurrent": users, "takeover_users": takeover}
    plan = plan_site(Province.model_validate(document), "suzhou", "rehearsal")
    city = namespace(plan, "city").quota
    assert all(w.replicas_max * 1000 >= users + takeover for w in plan.workloads)
    assert all((w.replicas_max - 2) * 1000 < max(users + takeover, 1000) for w in plan.workloads)
    assert all(w.replicas <= w.replicas_max for w in plan.workloads)
    assert city.pods >= sum(w.replicas_max for w in plan.workloads)
    assert city.memory_mib >= sum(w.replicas_max * w.requests.memory_mib for w in plan.workloads)
    assert plan.gateway.connections_max >= users + takeover
    assert plan.gateway.replicas * 20_000 >= users + takeover


def test_every_site_of_the_province_may_grow_for_the_one_that_it_backs_up() -> None:
    province = worlds.province()
    for lost in province.sites:
        partner = province.site(lost.backup_partner)
        users = partner.users_concurrent + lost.users_concurrent
        plan = plan_site(province, partner.id, "rehearsal")
        for workload, planned in zip(province.platform.workloads, plan.workloads, strict=True):
            assert planned.replicas_max * workload.users_per_replica >= users


def test_another_sites_users_change_no_plan_but_its_own() -> None:
    before = plan_fleet(example.small(), "rehearsal")
    document = example.document()
    document["sites"][1]["users_concurrent"] = 9000
    after = plan_fleet(Province.model_validate(document), "rehearsal")
    changed = [new.site for old, new in zip(before.sites, after.sites, strict=True) if new != old]
    assert changed == ["suzhou"]


def test_the_main_site_is_sized_for_its_own_users() -> None:
    main = plan_site(example.small(), "main", "rehearsal")
    assert main.users_concurrent == 2000
    assert {w.namespace for w in main.workloads} == {"province"}


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 40_000))
def test_a_disruption_is_always_possible_and_never_total(users: int) -> None:
    document = example.document()
    document["sites"][1]["users_concurrent"] = users
    for workload in plan_site(Province.model_validate(document), "suzhou", "x").workloads:
        assert 0 < workload.available_min < workload.replicas


def test_each_priority_class_used_is_planned() -> None:
    plan = suzhou()
    assert {w.priority_class for w in plan.workloads} <= {p.name for p in plan.priority_classes}


def test_a_platform_that_does_not_fit_is_refused() -> None:
    document = example.document()
    document["sites"][1]["users_concurrent"] = 400_000
    with pytest.raises(PlanError, match="needs 404 cores for 404000 users") as caught:
        plan_fleet(Province.model_validate(document), "rehearsal")
    assert "platform nodes" in caught.value.hint


def test_an_unknown_site_is_refused_with_those_that_exist() -> None:
    with pytest.raises(PlanError, match="no site 'atlantis'") as caught:
        plan_site(example.small(), "atlantis", "rehearsal")
    assert "suzhou" in caught.value.hint


def test_the_gateway_routes_every_workload() -> None:
    gateway = suzhou().gateway
    assert gateway.hostname == "suzhou.edu.example"
    assert gateway.connections_max == 8000
    routes: list[tuple[Any, ...]] = [
        (r.path_prefixes, r.namespace, r.service, r.port) for r in gateway.routes
    ]
    assert routes == [(("/login",), "city", "login", 8080), (("/course",), "city", "course", 8080)]


def test_plans_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        suzhou().site = "other"  # type: ignore[misc]  # to be refused


def test_at_main_the_platform_calls_the_exchange_and_the_edge_the_realm() -> None:
    main = plan_site(example.small(), "main", "rehearsal")
    assert namespace(main, "province").egress_namespaces == ("province", "exchange")
    assert namespace(main, "exchange").ingress_namespaces == ("province",)
    assert namespace(main, "edge").egress_namespaces == ("province", "identity")
    assert "edge" in namespace(main, "identity").ingress_namespaces


def test_jobs_of_the_province_call_the_city_and_nobody_calls_them() -> None:
    jobs = namespace(suzhou(), "province")
    assert (jobs.ingress_namespaces, jobs.egress_namespaces) == ((), ("city",))
    assert jobs.quota.cpu_millis == 4000


def test_every_tier_has_its_group_and_the_edge_has_none() -> None:
    bindings = {b.namespace: b.group for b in suzhou().access.bindings if b.namespace}
    assert bindings == {
        "province": "suyun:province",
        "city": "suyun:city:suzhou",
        "county-gusu": "suyun:county:gusu",
        "county-kunshan": "suyun:county:kunshan",
        "school": "suyun:school:suzhou",
    }


def test_three_groups_hold_the_whole_cluster_each_in_one_way() -> None:
    bindings = [b for b in suzhou().access.bindings if b.namespace is None]
    assert len({b.group for b in bindings}) == len({b.role for b in bindings}) == 3


def test_an_auditor_reads_all_but_secrets_and_writes_nothing() -> None:
    (auditor,) = [r for r in suzhou().access.roles if r.administrator == "audit"]
    assert {verb for g in auditor.grants for verb in g.verbs} == {"get", "list", "watch"}
    seen = {(g.group, resource) for g in auditor.grants for resource in g.resources}
    others = {
        (g.group, resource)
        for r in suzhou().access.roles
        for g in r.grants
        for resource in g.resources
    }
    assert others - seen == {("", "secrets")}
