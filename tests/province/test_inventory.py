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
ROWS = Holding(id="marks", name="成绩", engine=Engine.DATABASE, encrypted_at_rest=True)


def planned(**changes: object) -> Whereabouts:
    values = {"id": "marks", "name": "成绩", "engine": "objects"}
    holding = Holding.model_validate({**values, "encrypted_at_rest": True, **changes})
    return inventory(SMALL.model_copy(update={"holdings": (holding,)}))[0]


def test_objects_lie_at_every_site_and_its_partner() -> None:
    seen = planned()
    ring = (("main", "suzhou"), ("suzhou", "xuzhou"), ("xuzhou", "main"))
    assert seen.places == tuple(Place(site=site, copies_at=(partner,)) for site, partner in ring)
    assert (seen.copies, seen.disk_ratio, seen.backup_days) == (2, 3, 0)


def test_rows_lie_at_every_server_of_every_holder_of_the_database() -> None:
    (marks,) = inventory(SMALL.model_copy(update={"holdings": (ROWS,)}))
    assert marks.places == (Place(site="main", copies_at=("suzhou", "xuzhou")),)
    assert (marks.copies, marks.disk_ratio) == (9, 27)
    assert marks.stored_as == "3 servers at each site, each on 3 disks"


@given(st.integers(1, 500), st.integers(1, 500))
def test_rows_are_kept_as_long_as_the_longest_of_archives_and_backups(
    archived: int, backed_up: int
) -> None:
    data = SMALL.data
    assert data is not None
    database = data.database.model_copy(update={"archive_days": archived})
    classes = tuple(one.model_copy(update={"keep_days": backed_up}) for one in data.classes)
    kept = data.model_copy(update={"database": database, "classes": classes})
    assert kept.rows_kept_days == max(archived, backed_up)
    world = SMALL.model_copy(update={"holdings": (ROWS,), "data": kept})
    (marks,) = inventory(world)
    assert f"for {kept.rows_kept_days} days more" in " ".join(marks.deleted)
    others = tuple(one for one in classes if "database" not in one.namespaces)
    assert kept.model_copy(update={"classes": others}).rows_kept_days == archived


def test_rows_without_a_database_lie_nowhere() -> None:
    world = SMALL.model_copy(update={"holdings": (ROWS,), "data": None})
    (marks,) = inventory(world)
    assert (marks.places, marks.copies, marks.backup_days) == ((), 0, 0)


@given(st.integers(0, 500))
def test_a_delete_of_objects_leaves_versions_alone(versions_days: int) -> None:
    seen = planned(versions_days=versions_days)
    told = " ".join(seen.deleted)
    assert ("versions stay" in told) == (versions_days > 0)
    assert "backups" not in told
    assert seen.gone_after_days == versions_days
    assert (f"after {versions_days} days" in told) == (versions_days > 0)


def test_the_provinces_personal_data_are_encrypted_at_rest() -> None:
    open_to_all = [one.id for one in worlds.province().holdings if not one.encrypted_at_rest]
    assert open_to_all == ["resources"]


def test_two_holdings_of_one_name_are_refused(tmp_path: Path) -> None:
    first = worlds.province().holdings[0]
    twice = worlds.province().model_copy(update={"holdings": (first, first)})
    with pytest.raises(ProvinceError) as refused:
        read(worlds.write(twice, tmp_path / "province.yaml"))
    assert {found.rule for found in refused.value.findings} == {"ids-are-unique"}
