from __future__ import annotations

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from province import storage
from province.province import Province
from province.sites import Purpose
from province.storage import full_after_loss, limit_tb, outlook, raw_tb, usable_pb, years_until
from tests import worlds

SMALL = worlds.small()
HOSTS = st.lists(st.integers(1, 10_000), min_size=2, max_size=40)


def with_storage(world: Province, **changes: object) -> Province:
    return world.model_copy(update={"storage": world.storage.model_copy(update=changes)})


def test_raw_is_every_disk() -> None:
    assert raw_tb(worlds.province().site("wuxi")) == 7 * 12 * 16
    assert raw_tb(worlds.with_site(SMALL, "main", nodes=()).main) == 0


def test_usable_counts_coding_headroom_and_the_copy_elsewhere() -> None:
    raw_pb = (9 + 2 * 7) * 12 * 16 / 1000
    assert usable_pb(SMALL) == pytest.approx(raw_pb * 0.96 * 4 / 6 * 0.72 / 2)


def test_more_disks_store_more() -> None:
    more = worlds.with_pool(SMALL, "main", Purpose.STORAGE, disks=13)
    assert usable_pb(more) > usable_pb(SMALL)


def test_the_shares_of_the_pools_are_the_whole_of_the_disks() -> None:
    assert sum(pool.raw_ratio for pool in storage.POOLS) == pytest.approx(1)


@given(HOSTS, st.floats(0.01, 1))
def test_a_loss_moves_every_byte_and_makes_none(hosts: list[int], ratio: float) -> None:
    after = full_after_loss(hosts, ratio)
    left = sum(hosts) - max(hosts)
    assert after * left == pytest.approx(ratio * sum(hosts))
    assert after > ratio


@given(HOSTS, st.integers(1, 10_000))
def test_no_hosts_loss_is_worse_than_the_largest_ones(hosts: list[int], size: int) -> None:
    for lost in range(len(hosts)):
        left = sum(hosts) - hosts[lost]
        assert sum(hosts) / left <= full_after_loss(hosts, 1.0) * (1 + 1e-9)
    assert full_after_loss([size], 0.5) == math.inf


@given(st.floats(1, 1e4), st.floats(1, 1e4), st.floats(0.01, 2))
def test_compound_growth_reaches_the_limit_when_it_says(
    stored: float, limit: float, growth: float
) -> None:
    years = years_until(stored, limit, growth)
    if stored >= limit:
        assert years == 0
    elif years < storage.YEARS_MAX:
        assert stored * (1 + growth) ** years == pytest.approx(limit)
    else:
        assert stored * (1 + growth) ** years <= limit * (1 + 1e-9)


@given(st.integers(1, 24), st.integers(1, 30), st.integers(8, 40))
def test_what_may_be_stored_leaves_every_host_free_to_fail(
    disks: int, disk_tb: int, count: int
) -> None:
    world = worlds.with_pool(
        SMALL, "main", Purpose.STORAGE, disks=disks, disk_tb=disk_tb, count=count
    )
    pool = storage.RESOURCES
    filled = limit_tb(world.main) / (raw_tb(world.main) * pool.raw_ratio * pool.usable_ratio)
    assert full_after_loss(storage.host_tb(world.main), filled) == pytest.approx(0.85)


def test_a_site_keeps_its_own_bytes_and_those_of_the_site_it_backs_up() -> None:
    # 500 TB for 3,000 users; xuzhou has 1,000 of them and keeps the copies of suzhou's 2,000
    seen = outlook(SMALL, SMALL.site("xuzhou"))
    assert seen.stored_tb == pytest.approx(500)
    assert seen.growth_tb_per_year == pytest.approx(125)
    assert seen.limit_tb == pytest.approx(6 * 12 * 16 * 0.85 * 0.96 * 4 / 6)
    assert seen.full_ratio_after_loss == pytest.approx(0.85 * 500 / seen.limit_tb)
    assert seen.years == pytest.approx(math.log(seen.limit_tb / 500) / math.log(1.25))
    assert (seen.buy_on - date(2027, 9, 1)).days == int((seen.years - 1) * 365.25)


def test_slow_growth_has_an_end_that_a_calendar_knows() -> None:
    slow = SMALL.storage.growth_ratio_per_year.model_copy(update={"value": 1e-9})
    world = with_storage(SMALL, growth_ratio_per_year=slow)
    assert outlook(world, world.main).years == storage.YEARS_MAX


def test_disks_that_are_full_at_the_opening_are_bought_before_it() -> None:
    none = worlds.with_site(SMALL, "xuzhou", nodes=())
    seen = outlook(none, none.site("xuzhou"))
    assert (seen.years, seen.buy_on) == (0, date(2027, 9, 1))
