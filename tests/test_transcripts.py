"""Transcripts: command scripts with their whole output, compared.

A transcript is a text file: `#` comments, `$ ./suyun …` commands, each followed by what it printed
(standard output, then standard error) and by `? N`, its exit code. `SUYUN_UPDATE=1` rewrites them.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from release.cli import main

FOLDER = Path(__file__).parent / "transcripts"
TRANSCRIPTS = sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_transcript_says_what_the_commands_say(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("SUYUN_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("SUYUN_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(FOLDER)
    was = path.read_text("utf-8")
    now = "\n".join(_replayed(was, capsys, tmp_path)) + "\n"
    if os.environ.get("SUYUN_UPDATE"):
        path.write_text(now, "utf-8")
    assert now == was


def test_there_are_transcripts() -> None:
    assert TRANSCRIPTS


def _replayed(text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[str]:
    """The transcript as it would be written today: commands and comments kept, output anew."""
    keeping = True
    for line in text.splitlines():
        if line.startswith("$ ./suyun"):
            keeping = False
            yield line
            yield from _output(line, capsys, tmp_path)
        elif line.startswith("#") or (keeping and not line):
            yield line
        elif line.startswith("? "):
            keeping = True


def _output(line: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[str]:
    code = main(shlex.split(line)[2:])
    captured = capsys.readouterr()
    for printed in (captured.out + captured.err).splitlines():
        yield _redacted(printed, tmp_path).rstrip()
    yield f"? {code}"


def _redacted(text: str, tmp_path: Path) -> str:
    text = text.replace(str(tmp_path), "TMP").replace(str(FOLDER), "HERE")
    text = text.replace(str(FOLDER.parent.parent), "ROOT")
    return re.sub(r"\d+\.\d+ s\b", "N s", text)
