"""The archive's program: what goes in comes back, and whatever is wrong is said and refused."""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal.database.archive import BROKEN, FAILED, ArchiveConfig, main
from rehearsal.database.bucket import Bucket, Source
from rehearsal.database.holders import restore_command, restores_off
from rehearsal.pki import Authority
from tests.rehearsal.fake_s3 import FakeS3, Stored

SEGMENT = "000000010000000000000003"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeS3]:
    folder = tmp_path_factory.mktemp("s3")
    authority = Authority.create(folder / "pki", "test")
    with FakeS3(folder=folder, authority=authority, address="127.82.9.4") as store:
        yield store


@pytest.fixture
def source(store: FakeS3) -> Source:
    store.fault = ""
    store.buckets.clear()
    return Source(
        endpoint=store.endpoint,
        ca_file=store.ca_file,
        access_key=store.access_key,
        secret_key_file=store.secret_key_file,
        zonegroup=store.zonegroup,
        bucket="wal-main",
        cluster="base-main",
    )


def config(folder: Path, *sources: Source, is_strict: bool = False) -> str:
    own = sources[0] if sources else None
    written = ArchiveConfig(own=own, sources=sources, is_strict=is_strict)
    return str(written.write(folder / "archive.json"))


def test_a_segment_comes_back_as_it_went(tmp_path: Path, source: Source, store: FakeS3) -> None:
    given = config(tmp_path, source)
    (tmp_path / SEGMENT).write_bytes(b"wal" * 1000)
    assert main(["prepare", given]) == 0
    assert main(["put-wal", given, str(tmp_path / SEGMENT), SEGMENT]) == 0
    assert main(["get-wal", given, SEGMENT, str(tmp_path / "back")]) == 0
    assert (tmp_path / "back").read_bytes() == b"wal" * 1000
    assert list(store.buckets["wal-main"]) == [f"base-main/wals/0000000100000000/{SEGMENT}.gz"]


def test_a_segment_is_never_replaced_by_another_of_its_name(
    tmp_path: Path, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    given, segment = config(tmp_path, source), tmp_path / SEGMENT
    Bucket(source).prepare()
    segment.write_bytes(b"ours")
    assert main(["put-wal", given, str(segment), SEGMENT]) == 0
    assert main(["put-wal", given, str(segment), SEGMENT]) == 0  # asked twice, after a crash
    segment.write_bytes(b"theirs")
    assert main(["put-wal", given, str(segment), SEGMENT]) == FAILED
    assert "does another server archive as base-main" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("RequestTimeTooSkewed", "the clocks differ too much"),
        ("SignatureDoesNotMatch", "the secret key is wrong"),
        ("AccessDenied", "the key may not do that"),
        ("PermanentRedirect", "answers for another zone than one of main"),
    ],
)
def test_a_refusal_is_told_with_its_reason(
    tmp_path: Path,
    source: Source,
    store: FakeS3,
    capsys: pytest.CaptureFixture[str],
    fault: str,
    reason: str,
) -> None:
    given = config(tmp_path, source)
    store.buckets["wal-main"] = {}
    store.fault = fault
    assert main(["get-wal", given, SEGMENT, str(tmp_path / "back")]) == FAILED
    assert reason in capsys.readouterr().err


def test_a_key_that_is_not_known_and_another_zonegroup_are_refused(
    tmp_path: Path, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prepare", config(tmp_path, replace(source, access_key="other"))]) == FAILED
    assert "the key is wrong" in capsys.readouterr().err
    assert main(["prepare", config(tmp_path, replace(source, zonegroup="suzhou"))]) == FAILED
    assert "lies in zonegroup main, and suzhou is planned" in capsys.readouterr().err


def test_what_is_nowhere_is_told_apart_from_what_does_not_answer(
    tmp_path: Path, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    Bucket(source).prepare()
    gone = replace(source, endpoint="https://127.82.9.5:9")
    back = str(tmp_path / "back")
    assert main(["get-wal", config(tmp_path, source, is_strict=True), SEGMENT, back]) == FAILED
    assert capsys.readouterr().err == ""
    assert main(["get-wal", config(tmp_path, gone), SEGMENT, back]) == FAILED
    assert main(["get-wal", config(tmp_path, gone, is_strict=True), SEGMENT, back]) == BROKEN
    assert "127.82.9.5" in capsys.readouterr().err


def test_a_segment_that_was_changed_in_the_store_is_not_given_back(
    tmp_path: Path, source: Source, store: FakeS3, capsys: pytest.CaptureFixture[str]
) -> None:
    given, segment = config(tmp_path, source), tmp_path / SEGMENT
    Bucket(source).prepare()
    segment.write_bytes(b"true")
    assert main(["put-wal", given, str(segment), SEGMENT]) == 0
    (key,) = store.buckets["wal-main"]
    kept = store.buckets["wal-main"][key]
    store.buckets["wal-main"][key] = Stored(body=kept.body, digest="0" * 64)
    assert main(["get-wal", given, SEGMENT, str(tmp_path / "back")]) == FAILED
    assert "its hash is another" in capsys.readouterr().err
    assert not (tmp_path / "back").exists()


def test_the_newest_whole_base_backup_is_unpacked(tmp_path: Path, source: Source) -> None:
    given = config(tmp_path, source)
    Bucket(source).prepare()
    for label in ("20261124T190000Z", "20261124T200000Z"):
        folder = tmp_path / label
        folder.mkdir()
        (folder / "PG_VERSION").write_text(label)
        with tarfile.open(folder / "base.tar", "w") as files:
            files.add(folder / "PG_VERSION", "PG_VERSION")
        (folder / "backup_manifest").write_text("{}")
        assert main(["put-base", given, str(folder), label]) == 0
    (tmp_path / "unfinished").write_text("")
    Bucket(source).put("base/20261124T210000Z/base.tar.gz", tmp_path / "unfinished")
    assert main(["get-base", given, str(tmp_path / "new")]) == 0
    assert (tmp_path / "new/PG_VERSION").read_text() == "20261124T200000Z"
    assert main(["get-base", given, str(tmp_path / "old"), "20261124T193000Z"]) == 0
    assert (tmp_path / "old/PG_VERSION").read_text() == "20261124T190000Z"
    assert main(["get-base", given, str(tmp_path / "none"), "20261124T180000Z"]) == FAILED


def test_a_configuration_that_is_none_is_said_to_be_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken").write_text("{")
    assert main(["prepare", str(tmp_path / "broken")]) == FAILED
    assert "is no archive's configuration" in capsys.readouterr().err
    assert main(["prepare", config(tmp_path)]) == FAILED
    assert "has no archive of its own" in capsys.readouterr().err


def test_a_server_that_takes_over_is_not_kept_waiting_by_its_archive(tmp_path: Path) -> None:
    """The command stands in the running server whatever its settings say: the file stops it."""
    config = tmp_path / "50% full" / "archive.json"
    config.parent.mkdir()
    command = restore_command(config).replace("%f", "00000002.history").replace("%p", "there")
    shell = ("sh", "-c", command.replace("%%", "%"))
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    restores_off(config).touch()
    stopped = subprocess.run(shell, env=env, capture_output=True, check=False)
    assert (stopped.returncode, stopped.stderr) == (1, b"")
    restores_off(config).unlink()
    asked = subprocess.run(shell, env=env, capture_output=True, check=False)
    assert b"is no archive's configuration" in asked.stderr
