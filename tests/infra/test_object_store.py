"""The province's object store: what it is called, where its zones lie, and what each site has."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.fleet.copying import check_copies_follow_their_origin
from infra.plan.errors import PlanError
from infra.plan.object_store import ObjectStorePlan, plan_object_store
from infra.plan.site import plan_site
from tests import worlds

SMALL = worlds.small()


def whole() -> ObjectStorePlan:
    return plan_object_store(SMALL)


def test_the_realm_and_its_user_are_named_after_the_province() -> None:
    plan = whole()
    named = (plan.realm, plan.system_user, plan.keys_secret)
    assert named == ("jiangsu", "jiangsu-system-user", "jiangsu-keys")


def test_archives_are_not_the_platforms() -> None:
    users = whole().users
    assert users == (whole().platform_user, whole().archive_user)
    assert len({*users, whole().system_user}) == 3


def test_every_site_has_a_zonegroup_at_itself_and_at_its_partner() -> None:
    zones = {group.name: [(z.name, z.site) for z in group.zones] for group in whole().zonegroups}
    assert zones == {
        "main": [("main", "main"), ("main-at-suzhou", "suzhou")],
        "suzhou": [("suzhou", "suzhou"), ("suzhou-at-xuzhou", "xuzhou")],
        "xuzhou": [("xuzhou", "xuzhou"), ("xuzhou-at-main", "main")],
    }


def test_no_site_keeps_more_than_its_own_objects_and_one_copy() -> None:
    """A full mesh would put each object at each of the 14 sites."""
    plan = plan_object_store(worlds.province())
    assert len(plan.zonegroups) == 14
    assert set(Counter(zone.site for zone in plan.zones).values()) == {2}
    assert len({zone.name for zone in plan.zones}) == len(plan.zones) == 28
    for group in plan.zonegroups:
        first, second = group.zones
        assert group.master == first
        assert first.site == group.name != second.site


def test_clients_and_zones_come_to_different_names() -> None:
    copy = whole().zonegroups[1].zones[1]
    assert copy.endpoint == "https://objects.suzhou-at-xuzhou.suyun.example"
    assert copy.sync_endpoint == "https://sync.objects.suzhou-at-xuzhou.suyun.example"


@given(st.sampled_from([site.id for site in worlds.province().sites]))
def test_a_sites_part_is_its_own_zonegroup_and_one_more(site: str) -> None:
    plan = plan_object_store(worlds.province())
    part = plan.at(site)
    assert [zone.site for zone in part.zones_at(site)] == [site, site]
    assert part.zonegroups[0].name == part.zones_at(site)[0].name == site
    assert part.zones_at(site) == plan.zones_at(site)
    assert len(part.zonegroups) == 2
    assert part.master == plan.master


def test_the_realm_is_made_at_the_main_center_and_pulled_everywhere_else() -> None:
    plan = whole()
    assert plan.pulled_from("main") is None
    assert plan.pulled_from("suzhou") == "https://sync.objects.main.suyun.example"


def test_a_change_at_a_site_that_is_no_neighbour_changes_nothing() -> None:
    province = worlds.province()
    changed = worlds.with_site(province, "xuzhou", users_concurrent=1, uplink_gbps=1)
    assert plan_object_store(changed).at("suzhou") == plan_object_store(province).at("suzhou")


def test_without_copies_each_site_has_its_own_zone_alone() -> None:
    storage = SMALL.storage.model_copy(update={"object_copies": False})
    plan = plan_object_store(SMALL.model_copy(update={"storage": storage}))
    assert [zone.name for zone in plan.zones] == ["main", "suzhou", "xuzhou"]
    assert plan.at("suzhou").zones == (plan.zonegroups[1].master,)


@pytest.mark.parametrize(
    ("environment", "standing", "found"),
    [
        ("production", {}, ["zone main-at-suzhou at suzhou"]),
        ("production", {"production.main": ["main"]}, []),
        ("production", {"rehearsal.main": ["main"]}, ["zone main-at-suzhou at suzhou"]),
        ("production", {"production.main": ["other"]}, ["zone main-at-suzhou at suzhou"]),
        ("rehearsal", {}, []),
    ],
)
def test_a_copy_follows_the_zone_that_it_copies(
    environment: str, standing: dict[str, list[str]], found: list[str]
) -> None:
    plan = plan_site(SMALL, "suzhou", environment)
    outputs = {stack: {"zones": zones} for stack, zones in standing.items()}
    findings = list(check_copies_follow_their_origin(plan, lambda one: outputs.get(one, {})))
    assert [finding.subject for finding in findings] == found
    assert all("set storage.object_copies: false" in finding.hint for finding in findings)


def test_a_site_whose_stores_rook_could_not_name_is_refused() -> None:
    long = worlds.with_site(SMALL, "suzhou", id="suzhou-industrial-park-and-new-district")
    with pytest.raises(PlanError) as refused:
        plan_object_store(long)
    assert "suzhou-industrial-park-and-new-district" in str(refused.value)
    assert "shorter id" in refused.value.hint
