"""The run folder: whole lines, honest reading of torn ones, inputs kept beside them."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from pydantic import ValidationError

from evidence.records import BootRecord, RunRecord, StageRecord
from evidence.run import RunFolder, RunFolderError
from evidence.verdict import ExitCode, Verdict

RUN = "20261124-073000-ab12"


def stage(name: str) -> StageRecord:
    return StageRecord(name=name, seconds=1.0, verdict=Verdict.PASS, reason="ended 苏州")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path, RUN)


def test_what_was_appended_is_read_back_in_order(run: RunFolder) -> None:
    records = (stage("toolchain"), stage("load"))
    for record in records:
        run.append(record)
    assert run.read(StageRecord) == records
    assert run.read(BootRecord) == ()
    assert run.topics() == ("stages.jsonl",)


def test_latest_points_to_the_newest_run(tmp_path: Path) -> None:
    for run_id in (RUN, "20261124-080000-cd34"):
        RunFolder.create(tmp_path, run_id)
        assert (tmp_path / "latest").readlink() == Path(run_id)


def test_a_run_is_never_written_over(run: RunFolder) -> None:
    with pytest.raises(FileExistsError):
        RunFolder.create(run.path.parent, run.id)


def test_a_torn_last_line_is_left_out_and_named(run: RunFolder) -> None:
    run.append(stage("toolchain"))
    file = run.path / "stages.jsonl"
    line = file.read_bytes()
    file.write_bytes(line + line[:20])
    reading = run.reading(StageRecord)
    assert reading.records == (stage("toolchain"),)
    assert [fault.location for fault in reading.faults] == ["stages.jsonl:2"]
    assert "unfinished" in reading.faults[0].evidence
    with pytest.raises(RunFolderError, match=r"stages\.jsonl:2"):
        run.read(StageRecord)


def test_a_whole_line_without_its_end_counts_as_torn(run: RunFolder) -> None:
    run.append(stage("toolchain"))
    file = run.path / "stages.jsonl"
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    assert run.reading(StageRecord).records == ()


@pytest.mark.parametrize("garbage", [b"{", b"\xff\xfe", b"null", b"[1]", b"{}", b"\0\0"])
def test_a_broken_line_in_the_middle_is_named_and_the_others_are_read(
    run: RunFolder, garbage: bytes
) -> None:
    run.append(stage("toolchain"))
    with (run.path / "stages.jsonl").open("ab") as file:
        file.write(garbage + b"\n")
    run.append(stage("load"))
    reading = run.reading(StageRecord)
    assert reading.records == (stage("toolchain"), stage("load"))
    assert [fault.location for fault in reading.faults] == ["stages.jsonl:2"]


def test_a_line_of_another_version_is_named_as_such(run: RunFolder) -> None:
    with (run.path / "stages.jsonl").open("ab") as file:
        file.write(stage("load").model_dump_json()[:-1].encode() + b',"mood":"good"}\n')
    (fault,) = run.reading(StageRecord).faults
    assert "another version" in fault.evidence
    assert "mood" in fault.evidence


def test_a_measurement_that_is_no_number_is_refused(run: RunFolder) -> None:
    with pytest.raises(ValidationError, match="finite number"):
        StageRecord(name="load", seconds=float("nan"), verdict=Verdict.PASS, reason="")
    (run.path / "stages.jsonl").write_text(
        '{"name":"load","seconds":NaN,"verdict":"PASS","reason":""}\n', "utf-8"
    )
    assert len(run.reading(StageRecord).faults) == 1


def test_lines_of_many_writers_never_mix(run: RunFolder) -> None:
    def write(name: str) -> None:
        for _ in range(50):
            run.append(stage(name * 100))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(run.read(StageRecord)) == 200


def test_a_full_disk_leaves_the_file_as_it_was(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.append(stage("toolchain"))
    before = (run.path / "stages.jsonl").read_bytes()
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, line: write(file, line[:7]))
        with pytest.raises(OSError, match="No space left") as raised:
            run.append(stage("load"))
    assert raised.value.errno == errno.ENOSPC
    assert (run.path / "stages.jsonl").read_bytes() == before


def test_inputs_are_kept_and_found(run: RunFolder) -> None:
    stored = run.store_input("province.yaml", "id: 江苏\n".encode())
    assert run.input("province.yaml") == stored
    assert stored.read_text("utf-8") == "id: 江苏\n"
    assert [path.name for path in stored.parent.iterdir()] == ["province.yaml"]


@pytest.mark.parametrize("make", ["nothing", "file", "empty folder"])
def test_what_is_no_run_folder_is_refused_with_a_hint(tmp_path: Path, make: str) -> None:
    path = tmp_path / "run"
    if make == "file":
        path.write_text("", "utf-8")
    if make == "empty folder":
        path.mkdir()
    with pytest.raises(RunFolderError) as raised:
        RunFolder.open(path)
    assert str(path) in raised.value.cause
    assert "runs/latest" in raised.value.hint
    assert raised.value.exit_code is ExitCode.BAD_INPUT


def test_a_missing_input_is_named(run: RunFolder) -> None:
    with pytest.raises(RunFolderError, match=r"inputs/province\.yaml is missing"):
        run.input("province.yaml")


def test_a_run_of_a_newer_schema_is_refused(run: RunFolder) -> None:
    newer = (
        '{"schema_version":2,"run":"x","scope":"rehearsal","started_at":0,"commit":"x",'
        '"province_sha256":"x","cpus":1,"memory_gib":1,"users_asked":1,"seed":1}\n'
    )
    (run.path / "run.jsonl").write_text(newer, "utf-8")
    with pytest.raises(RunFolderError, match="another version of Suyun: schema_version"):
        RunFolder.open(run.path).read(RunRecord)
