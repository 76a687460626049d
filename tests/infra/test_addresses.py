"""Addresses: disjoint, inside, big enough, and never numbered anew."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.plan.addresses import plan_addresses
from infra.plan.errors import PlanError
from infra.plan.fleet import plan_fleet
from province.province import Province
from tests import worlds
from tests.infra import example

FIRST_MACHINE = 32
"""Where machines' own addresses begin, in the machine room."""


def site(**changes: object) -> Any:  # noqa: ANN401 - a pydantic copy
    return worlds.province().site("zhenjiang").model_copy(update=changes)


def pools(nodes: int, pods_max: int) -> tuple[Any, ...]:
    return (site().nodes[0].model_copy(update={"count": nodes, "pods_max": pods_max}),)


@settings(max_examples=60, deadline=None)
@given(st.integers(8, 22), st.integers(1, 3000), st.integers(1, 254))
def test_what_is_planned_is_big_enough_for_nodes_and_pods(
    length: int, nodes: int, pods_max: int
) -> None:
    prefixes = site().prefixes.model_validate(
        {"ipv4": f"10.0.0.0/{length}", "ipv6": "fd7c:41d9:e600::/48"}
    )
    small = site(prefixes=prefixes, nodes=pools(nodes, pods_max))
    if nodes > 2 ** (23 - length):
        with pytest.raises(PlanError, match="pod addresses"):
            plan_addresses(small)
        return
    plan = plan_addresses(small)
    assert plan.pods.ipv4.num_addresses >= nodes * 256
    assert plan.pods.ipv6.num_addresses >= nodes * 2**64
    for each_machine in (plan.nodes, plan.storage, plan.management):
        assert each_machine.ipv4.num_addresses > nodes + 10
        assert each_machine.ipv6.prefixlen == 64


def test_more_pods_than_a_nodes_mask_has_addresses_are_refused() -> None:
    with pytest.raises(PlanError, match="255 pods on a control node") as caught:
        plan_addresses(site(nodes=pools(3, 255)))
    assert caught.value.hint == "lower pods_max"
    assert plan_addresses(site(nodes=pools(3, 254)))


def test_the_edge_has_one_address_of_each_family_that_nobody_else_has() -> None:
    for plan in plan_fleet(worlds.province(), "x").sites:
        ipv4, ipv6 = map(ip_address, plan.gateway.addresses)
        assert ipv4 in plan.addresses.nodes.ipv4
        assert ipv6 in plan.addresses.nodes.ipv6
        first = plan.addresses.nodes.ipv4.network_address
        assert plan.addresses.control_plane < ipv4 < first + FIRST_MACHINE


@settings(max_examples=30, deadline=None)
@given(st.sets(st.sampled_from(["main", "suzhou", "wuxi"])), st.sets(st.integers(3, 15)))
def test_no_site_is_renumbered_when_others_come_or_go(gone: set[str], come: set[int]) -> None:
    before = {plan.site: plan.addresses for plan in plan_fleet(example.small(), "x").sites}
    document = example.document()
    kept = [one for one in document["sites"] if one["id"] not in gone - {"main"}]
    new = [example.site(f"site{number}", number) for number in sorted(come)]
    document["sites"] = [*kept, *new]
    after = plan_fleet(Province.model_validate(document), "x")
    for plan in after.sites:
        assert plan.addresses == before.get(plan.site, plan.addresses)
    networks = [plan.addresses.pods.ipv4 for plan in after.sites]
    assert all(not a.overlaps(b) for a in networks for b in networks if a is not b)


def test_the_purposes_that_stood_before_storage_and_management_keep_their_addresses() -> None:
    plan = plan_addresses(site())
    assert str(plan.pods) == "10.88.0.0/14,fd7c:41d9:e60b:1000::/52"
    assert str(plan.services) == "10.92.0.0/15,fd7c:41d9:e60b:2000::/108"
    assert str(plan.nodes.ipv4.network_address) == "10.94.0.0"
    assert str(plan.nodes.ipv6) == "fd7c:41d9:e60b:3000::/64"
    assert str(plan.control_plane) == "10.94.0.10"
