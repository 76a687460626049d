from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from province.province import Province
from province.rebuilding import RecoveryLimits, copy_days, full_ratio, rebuild_hours, unsent_mb
from province.sites import Purpose
from province.storage import NEARFULL_RATIO, needed_tb
from province.storage_cost import UnitCosts, storage_cost
from province.storage_model import ModelInputs, StorageModel, storage_model
from tests import worlds

SMALL = worlds.small()
LIMITS = RecoveryLimits()


def model(world: Province, pb: float, lag: float | None = None) -> StorageModel:
    return storage_model(world, pb, ModelInputs(lag_seconds=lag))


def test_a_rebuild_is_read_from_four_and_written_once() -> None:
    site = SMALL.site("suzhou")
    hours = rebuild_hours(SMALL, site, LIMITS, disks_lost=12)
    lost_mb = 12 * 16 * full_ratio(SMALL, site) * 1e6
    # six other hosts; twelve disks of 50 MB/s are less than a host's 10 Gbit/s
    assert hours == pytest.approx(600 / 3600 + lost_mb * 5 / (6 * 12 * 50) / 3600)


def test_hosts_with_many_disks_are_bound_by_their_ports() -> None:
    world = worlds.with_pool(SMALL, "suzhou", Purpose.STORAGE, disks=60)
    site = world.site("suzhou")
    moved_mb = 16 * full_ratio(world, site) * 1e6 * 5
    expected = 600 / 3600 + moved_mb / (6 * 1250) / 3600
    assert rebuild_hours(world, site, LIMITS, disks_lost=1) == pytest.approx(expected)


def test_nothing_is_rebuilt_where_no_other_host_is() -> None:
    world = worlds.with_pool(SMALL, "main", Purpose.STORAGE, count=1)
    with pytest.raises(ValueError, match="main has no other storage host"):
        rebuild_hours(world, world.main, LIMITS, disks_lost=1)


@given(st.integers(2, 60))
def test_one_host_more_rebuilds_sooner(count: int) -> None:
    fewer, more = (
        worlds.with_pool(SMALL, "main", Purpose.STORAGE, count=hosts)
        for hosts in (count, count + 1)
    )
    seconds = [rebuild_hours(one, one.main, LIMITS, disks_lost=12) for one in (fewer, more)]
    assert seconds[0] > seconds[1]


def empty_links(world: Province, gbps: float) -> Province:
    """The same province with links of that width, and nobody who uses them."""
    changes = {"users_by_hour": (0.0,) * 24, "backup_from_hour": 1, "backup_to_hour": 1}
    traffic = world.traffic.model_copy(update=changes)
    sites = tuple(site.model_copy(update={"uplink_gbps": gbps}) for site in world.sites)
    return world.model_copy(update={"traffic": traffic, "sites": sites})


@given(st.floats(0.001, 100), st.floats(0.01, 100))
def test_an_empty_link_carries_its_share_around_the_clock(gbps: float, pb: float) -> None:
    world = worlds.with_objectives(empty_links(SMALL, gbps), storage_pb_min=pb)
    site = world.site("suzhou")
    terabits = needed_tb(world.objectives, site.users_concurrent) * 8
    days = terabits * 1000 / (gbps * 0.75) / 86_400
    seen = copy_days(world, site)
    if days > 36_525:
        assert seen is None
    else:
        assert seen == pytest.approx(days)


def test_users_delay_the_first_copy_and_a_full_link_has_no_room_for_it() -> None:
    site = SMALL.site("suzhou")
    alone = copy_days(empty_links(SMALL, site.uplink_gbps), site)
    used = copy_days(SMALL, site)
    assert alone is not None
    assert used is not None
    assert used > alone
    narrow = worlds.with_site(SMALL, "xuzhou", uplink_gbps=1e-6)
    assert copy_days(narrow, narrow.site("suzhou")) is None


def test_what_is_not_copied_yet_grows_with_the_lag() -> None:
    site = SMALL.site("suzhou")
    # 2,000 users add 40 GB in a day, of which the fullest hour has 1 part of 12.66
    expected = 40_000 / sum(SMALL.traffic.users_by_hour) / 3600
    assert unsent_mb(SMALL, site, 1) == pytest.approx(expected)
    assert unsent_mb(SMALL, site, 0) == 0


@pytest.mark.parametrize("pb", [1, 10, 50])
def test_so_many_hosts_survive_a_loss_until_the_first_purchase_stands(pb: float) -> None:
    seen = model(worlds.province(), pb)
    assert seen.hosts == sum(site.hosts for site in seen.sites)
    for site in seen.sites:
        host_tb = 12 * 16 * 0.96 * 4 / 6
        grown = site.stored_tb * 1.25
        assert grown <= (site.hosts - 1) * host_tb * NEARFULL_RATIO
        if site.hosts > site.hosts_standing:
            assert grown > (site.hosts - 2) * host_tb * NEARFULL_RATIO


def test_what_stands_is_enough_for_the_promise_and_not_for_fifty_times_that() -> None:
    promised, large = model(worlds.province(), 1), model(worlds.province(), 50)
    assert promised.hosts == promised.hosts_standing
    assert promised.crowded == ()
    assert large.hosts > 10 * large.hosts_standing
    assert "suzhou" not in promised.crowded
    assert "suzhou" in large.crowded
    assert large.growth_pb_per_year == pytest.approx(50 * promised.growth_pb_per_year)


def test_the_lag_is_told_only_where_it_was_measured() -> None:
    unmeasured, measured = model(SMALL, 1), model(SMALL, 1, 5.0)
    assert {site.unsent_mb for site in unmeasured.sites} == {None}
    assert all(site.unsent_mb for site in measured.sites)


def test_a_link_without_room_is_named_and_its_sites_copy_is_never_made() -> None:
    world = worlds.with_site(SMALL, "xuzhou", uplink_gbps=1e-6)
    seen = model(world, 1)
    assert seen.slowest_copy.first_copy_days is None
    assert "xuzhou" in seen.crowded
    assert seen.least_durable.site in {"suzhou", "xuzhou"}
    assert "null" in seen.model_dump_json()


def test_the_second_site_is_what_makes_an_object_last() -> None:
    for site in model(worlds.province(), 1).sites:
        assert site.site_nines < site.sites_nines < site.machines_nines


def test_a_petabyte_costs_its_machines_and_their_years() -> None:
    unit = UnitCosts(
        host_cny=10_000,
        disk_cny_per_tb=100,
        years=5,
        host_watts=1_000,
        pue=2,
        kwh_cny=0.5,
        place_cny_per_year=234,
        upkeep_ratio_per_year=0.1,
    )
    seen = storage_cost(10, 1_000, 100, unit)
    assert seen.purchase_cny == 200_000
    assert seen.running_cny_per_year == pytest.approx(10 * (8_766 + 234) + 20_000)
    assert seen.tb_year_cny == pytest.approx((40_000 + 110_000) / 100)
