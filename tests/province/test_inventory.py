from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from province.holdings import Engine, Holding
from province.inventory import Place, Whereabouts, inventory
from province.reader import ProvinceError, read
from tests import worlds

SMALL = worlds.small()


def planned(**changes: object) -> Whereabouts:
    values = {"id": "marks", "name": "成绩", "engine": "objects", "backup_days": 7}
    holding = Holding.model_validate({**values, "encrypted_at_rest": True, **changes})
    return inventory(SMALL.model_copy(update={"holdings": (holding,)}))[0]


def test_objects_lie_at_every_site_and_its_partner() -> None:
    seen = planned()
    ring = (("main", "suzhou"), ("suzhou", "xuzhou"), ("xuzhou", "main"))
    assert seen.places == tuple(Place(site=site, copy_at=partner) for site, partner in ring)
    assert (seen.copies, seen.disk_ratio) == (2, 3)


def test_the_database_lies_at_main_and_mains_partner() -> None:
    seen = planned(engine="database", instances=3)
    assert seen.places == (Place(site="main", copy_at="suzhou"),)
    assert (seen.copies, seen.disk_ratio) == (6, 6)


@given(st.sampled_from(Engine), st.integers(0, 500), st.integers(0, 500))
def test_a_delete_names_every_place_that_outlives_it(
    engine: Engine, versions_days: int, backup_days: int
) -> None:
    seen = planned(engine=engine, versions_days=versions_days, backup_days=backup_days)
    told = " ".join(seen.deleted)
    assert ("versions stay" in told) == (versions_days > 0)
    assert ("backups" in told) == (backup_days > 0)
    assert seen.gone_after_days == versions_days + backup_days
    assert (f"after {seen.gone_after_days} days" in told) == (seen.gone_after_days > 0)


def test_the_provinces_personal_data_are_encrypted_at_rest() -> None:
    open_to_all = [one.id for one in worlds.province().holdings if not one.encrypted_at_rest]
    assert open_to_all == ["resources"]


def test_two_holdings_of_one_name_are_refused(tmp_path: Path) -> None:
    first = worlds.province().holdings[0]
    twice = worlds.province().model_copy(update={"holdings": (first, first)})
    with pytest.raises(ProvinceError) as refused:
        read(worlds.write(twice, tmp_path / "province.yaml"))
    assert {found.rule for found in refused.value.findings} == {"ids-are-unique"}
