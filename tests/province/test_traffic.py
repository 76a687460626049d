from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from province.assumptions import HOURS
from province.province import Province
from province.traffic import Flow, LinkBudget, budgets, parts
from tests import worlds

SMALL = worlds.small()
RATIOS = st.lists(st.floats(0, 1), min_size=HOURS, max_size=HOURS)


def with_traffic(world: Province, **changes: object) -> Province:
    return world.model_copy(update={"traffic": world.traffic.model_copy(update=changes)})


def link(world: Province, site: str, name: str) -> LinkBudget:
    return next(one for one in budgets(world, world.site(site)) if one.name == name)


def test_only_a_site_with_internet_access_has_its_budget() -> None:
    named = {site.id: [one.name for one in budgets(SMALL, site)] for site in SMALL.sites}
    assert named["main"] == ["uplink out", "uplink in", "internet"]
    assert named["suzhou"] == ["uplink out", "uplink in"]


def test_users_are_counted_with_those_of_the_site_that_is_backed_up() -> None:
    # xuzhou's own 1,000 at 100 kbit/s, and suzhou's 2,000, whose backup partner it is
    nine = link(SMALL, "xuzhou", "uplink out").hours[9]
    assert nine.users_gbps == pytest.approx(0.1)
    assert nine.takeover_gbps == pytest.approx(0.2)
    assert nine.backup_gbps == 0


def test_the_internet_carries_its_share_of_all_branches_users() -> None:
    everybody = link(worlds.province(), "main", "internet").busiest
    users = worlds.province().users_concurrent
    assert everybody.gbps == pytest.approx(users * 100e3 * 0.6 / 1e9)


@settings(max_examples=50, deadline=None)
@given(RATIOS, st.integers(0, 23), st.integers(0, 23))
def test_a_days_copies_arrive_whole_whatever_the_hours(
    ratios: list[float], begin: int, end: int
) -> None:
    world = with_traffic(
        SMALL, users_by_hour=tuple(ratios), backup_from_hour=begin, backup_to_hour=end
    )
    flows = link(world, "xuzhou", "uplink in").hours
    to_tb = 3_600 / 8_000
    if any(ratios):
        replicated = sum(flow.replication_gbps for flow in flows) * to_tb
        assert replicated == pytest.approx(2_000 * 20 / 1e6)
    if begin != end:
        # suzhou's 2,000 users have two thirds of 500 TB, of which 2 % change
        saved = sum(flow.backup_gbps for flow in flows) * to_tb
        assert saved == pytest.approx(500 * 2 / 3 * 0.02)
        assert sum(flow.backup_gbps > 0 for flow in flows) == (end - begin) % HOURS


@settings(max_examples=50, deadline=None)
@given(RATIOS)
def test_what_one_site_sends_its_partner_receives(ratios: list[float]) -> None:
    world = with_traffic(SMALL, users_by_hour=tuple(ratios))
    for site in world.sites:
        sent = link(world, site.id, "uplink out").hours
        received = link(world, site.backup_partner, "uplink in").hours
        for one, other in zip(sent, received, strict=True):
            assert one.backup_gbps == pytest.approx(other.backup_gbps)
            assert one.replication_gbps == pytest.approx(other.replication_gbps)


def test_a_window_past_midnight_holds_the_hours_on_both_sides() -> None:
    world = with_traffic(SMALL, backup_from_hour=22, backup_to_hour=2)
    flows = link(world, "suzhou", "uplink in").hours
    assert [flow.hour for flow in flows if flow.backup_gbps] == [0, 1, 22, 23]


def test_the_busiest_hour_decides() -> None:
    hours = tuple(Flow(hour=hour, users_gbps=hour / 10) for hour in range(HOURS))
    assert LinkBudget(name="x", capacity_gbps=3.1, hours=hours).holds
    assert not LinkBudget(name="x", capacity_gbps=3, hours=hours).holds
    assert LinkBudget(name="x", capacity_gbps=3, hours=hours).busiest.hour == 23


def test_a_flow_names_its_causes() -> None:
    assert parts(Flow(hour=1, users_gbps=1.5, backup_gbps=0.25)) == "users 1.50, backup 0.25"
    assert parts(Flow(hour=1, replication_gbps=0.001)) == "nothing"
