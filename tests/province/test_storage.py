from __future__ import annotations

import pytest

from province.sites import Purpose
from province.storage import raw_tb, usable_pb
from tests import worlds


def test_raw_is_every_disk() -> None:
    assert raw_tb(worlds.province().site("wuxi")) == 7 * 12 * 16
    assert raw_tb(worlds.with_site(worlds.small(), "main", nodes=()).main) == 0


def test_usable_counts_coding_headroom_and_the_copy_elsewhere() -> None:
    raw_pb = (9 + 2 * 7) * 12 * 16 / 1000
    assert usable_pb(worlds.small()) == pytest.approx(raw_pb * 4 / 6 * 0.75 / 2)


def test_more_disks_store_more() -> None:
    more = worlds.with_pool(worlds.small(), "main", Purpose.STORAGE, disks=13)
    assert usable_pb(more) > usable_pb(worlds.small())
