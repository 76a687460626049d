from __future__ import annotations

import json
from pathlib import Path

import pytest

from evidence.run import RunFolder
from evidence.verdict import ExitCode
from release.cli import main
from tests import worlds
from tests.evidence.test_restores import NEW, restore


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SUYUN_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def test_a_proven_restore_is_told_with_its_run(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    RunFolder.create(runs, NEW).append(restore())
    assert main(["storage", "inventory"]) == ExitCode.PASS
    told = capsys.readouterr().out
    assert told.count("never proven") == 3
    assert f"restored    2026-11-24 07:30 UTC, run {NEW}" in told


def test_the_inventory_for_machines_has_every_place(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    RunFolder.create(runs, NEW).append(restore())
    assert main(["storage", "inventory", "--json"]) == ExitCode.PASS
    held = {one["planned"]["holding"]["id"]: one for one in json.loads(capsys.readouterr().out)}
    assert len(held["resources"]["planned"]["places"]) == 14
    assert held["resources"]["restored_at"] is None
    assert held["records"]["restored_at"] == "2026-11-24T07:30:00Z"


def test_a_line_that_nobody_can_read_is_said_beside_the_inventory(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = RunFolder.create(runs, NEW)
    (folder.path / "restores.jsonl").write_text("{}\n", "utf-8")
    assert main(["storage", "inventory"]) == ExitCode.PASS
    assert f"{NEW}/restores.jsonl:1: error" in capsys.readouterr().err


def test_a_province_that_says_nothing_of_its_data_is_told_how(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = worlds.province().model_copy(update={"holdings": ()})
    file = worlds.write(silent, tmp_path / "province.yaml")
    assert main(["storage", "inventory", "--province", str(file)]) == ExitCode.BAD_INPUT
    assert "name each class of data under 'holdings'" in capsys.readouterr().err
    assert not runs.exists()


def test_the_model_for_machines_has_every_site_at_each_size_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["storage", "model", "--pb", "1", "--pb", "2", "--pb", "1", "--lag", "0.5", "--json"]
    assert main(words) == ExitCode.PASS
    models = json.loads(capsys.readouterr().out)
    assert [(one["stored_pb"], len(one["sites"])) for one in models] == [(1, 14), (2, 14)]
    assert {one["lag_seconds"] for one in models} == {0.5}
