from __future__ import annotations

from pathlib import Path

import pytest

from evidence.records import RestoreRecord
from evidence.restores import Restores, last_restores
from evidence.run import RunFolder
from tests import worlds

OLD, NEW = "20261123-080000-0001", "20261124-080000-0002"


def restore(**changes: object) -> RestoreRecord:
    values: dict[str, object] = {
        "holding": "records",
        "site": "main",
        "backup_site": "xuzhou",
        "pieces": 100,
        "pieces_equal": 100,
        "seconds": 3.0,
        "ended_at": 1_795_505_400.0,
    }
    return RestoreRecord.model_validate({**values, **changes})


def seen(runs: Path, **records: tuple[RestoreRecord, ...]) -> Restores:
    for name, kept in records.items():
        folder = RunFolder.create(runs, {"old": OLD, "new": NEW}[name])
        for record in kept:
            folder.append(record)
    return last_restores(runs, worlds.province())


def test_the_newest_runs_last_restore_counts(tmp_path: Path) -> None:
    later = restore(ended_at=1_795_509_000.0)
    found = seen(tmp_path, old=(restore(),), new=(later, restore()))
    assert found.proven["records"].run == NEW
    assert found.proven["records"].record == later


def test_an_older_run_counts_where_the_newest_restored_nothing(tmp_path: Path) -> None:
    found = seen(tmp_path, old=(restore(),), new=())
    assert found.proven["records"].run == OLD


@pytest.mark.parametrize(
    "changes",
    [
        {"pieces_equal": 99},
        {"pieces": 0, "pieces_equal": 0},
        {"backup_site": "main"},
        {"backup_site": "atlantis"},
        {"backup_site": "nanjing"},  # another site, but main stands in the same city
    ],
    ids=lambda changes: ",".join(f"{key}={value}" for key, value in changes.items()),
)
def test_a_restore_that_proves_nothing_does_not_count(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    assert seen(tmp_path, new=(restore(**changes),)).proven == {}


def test_without_runs_nothing_is_proven(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    assert seen(tmp_path) == Restores(proven={}, faults=())
    assert last_restores(tmp_path / "nowhere", worlds.province()).proven == {}


def test_a_torn_line_is_told_with_its_run(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, NEW)
    folder.append(restore())
    with (folder.path / "restores.jsonl").open("a") as file:
        file.write('{"holding": "acc')
    found = last_restores(tmp_path, worlds.province())
    assert [fault.location for fault in found.faults] == [f"{NEW}/restores.jsonl:2"]
    assert set(found.proven) == {"records"}
