from __future__ import annotations

import os
from pathlib import Path

import pytest

from processes.files import write_private, write_whole


def test_what_stood_there_is_replaced_and_no_draft_stays(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    file.write_text("a longer text of an earlier life", "utf-8")
    assert write_whole(file, b"new") == file
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_a_reader_of_the_old_file_reads_it_to_its_end(tmp_path: Path) -> None:
    file = write_whole(tmp_path / "status.json", b"old")
    with file.open("rb") as reader:
        write_whole(file, b"new")
        assert reader.read() == b"old"


def test_a_secret_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"readable by all until now")
    before = os.umask(0)
    try:
        write_private(file, b"secret")
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_draft_that_a_killed_run_left_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / f".key.{os.getpid()}").write_bytes(b"half of")
    write_private(tmp_path / "key", b"secret")
    assert (tmp_path / "key").read_bytes() == b"secret"


def test_where_it_cannot_be_written_the_earlier_content_stays(tmp_path: Path) -> None:
    file = write_whole(tmp_path / "f", b"old")
    (tmp_path / f".f.{os.getpid()}").mkdir()
    with pytest.raises(OSError, match=r"\.f\."):
        write_whole(file, b"new")
    assert file.read_bytes() == b"old"
