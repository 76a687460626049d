"""The console: every claim with its word, plain where it has to be, nothing smuggled in."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from evidence.records import Record
from province.claims import CLAIMS
from release.console import print_judgement
from release.judge import judge_gathered
from tests.release import runs


def printed(width: int = 80, *records: Record, terminal: bool = False) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=terminal, highlight=False)
    print_judgement(judge_gathered(runs.gathered(*runs.whole(), *records)), console)
    return stream.getvalue()


def test_every_claim_and_stage_is_told_and_the_verdict_stands_last() -> None:
    text = printed()
    assert all(claim.id in text for claim in CLAIMS)
    assert "machine-room" in text
    last = text.rstrip().splitlines()[-2:]
    assert (
        "UNKNOWN  run 20261124-073000-ab12, rehearsal: 2 PASS, 0 FAIL, 11 UNKNOWN of 13" in last[0]
    )
    assert "exit code 2" in " ".join(last)


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_console(width: int) -> None:
    assert max(len(line) for line in printed(width).splitlines()) <= width


def test_what_is_no_terminal_gets_no_escape_codes() -> None:
    assert "\x1b" not in printed()


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1;33m" in printed(terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1;33m" not in printed(terminal=True)


def test_text_of_a_process_cannot_steer_the_terminal() -> None:
    text = printed(200, runs.stack("main", "up", error="\x1b[2J[bold]\x07boom"))
    assert "\x1b" not in text
    assert "[bold]" in text
