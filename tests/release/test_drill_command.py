"""`./suyun drill`: a run of its own, on at a step, back again; and what it refuses."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from evidence.drills import DrillRecord, DrillStepRecord
from evidence.run import RunFolder
from evidence.verdict import ExitCode, Verdict
from processes.leftovers import leftovers
from rehearsal.data.status import WorldStatus
from release import drill_load
from release.cli import main
from release.commands import drill
from release.judge import judge
from tests import worlds
from tests.release import runs
from tests.release.commandline import CommandLine
from tests.release.fake_load import FakeLoad
from tests.release.fake_world import standing

_STEP = "## {title}\n\n```sh\n{command}\n```\n\n```expect\nexit 0\n```\n\n"


class Desk:
    """A folder to type in, with one runbook of three steps; the second needs a gate."""

    def __init__(self, folder: Path) -> None:
        self.gate = folder / "gate"
        self.trail = folder / "trail"
        self.runs = folder / "runs"
        self.book = folder / "gate-drill.md"
        steps = (
            _STEP.format(title="Begin", command="echo begun"),
            _STEP.format(title="Pass", command=f"echo at the gate; test -f {self.gate}"),
            _STEP.format(title="End", command="echo $SUYUN_PROVINCE"),
        )
        undo = f"```undo\necho back >> {self.trail}\n```\n\n"
        self.book.write_text("# A gate\n\nFor tests.\n\n" + undo.join(steps))

    def type(self, *words: str) -> int:
        return main(["drill", str(self.book), *words])

    def latest(self) -> RunFolder:
        return RunFolder.open(self.runs / "latest")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("SUYUN_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("SUYUN_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("NO_COLOR", "1")
    return Desk(tmp_path)


def test_a_drill_goes_on_where_it_failed_in_the_same_run(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.type() == ExitCode.FAIL
    told = capsys.readouterr()
    assert "FAIL  gate-drill: step 2, Pass: it ended with 1, not with 0: at the gate" in told.out
    assert "  | at the gate" in told.out
    assert f"go on: ./suyun drill {desk.book} --from 2, or go back: " in told.out
    assert "step 2 of 3: Pass" in told.err
    first = desk.latest()
    assert desk.type("--from", "3") == ExitCode.BAD_INPUT
    assert "step 2, Pass, has not ended well" in capsys.readouterr().err
    desk.gate.touch()
    assert desk.type("--from", "2", "--json") == ExitCode.PASS
    told_json = json.loads(capsys.readouterr().out)
    assert (told_json["run"], told_json["drill"]["verdict"]) == (first.id, "PASS")
    assert [step["step"] for step in told_json["steps"]] == [1, 2, 2, 3]
    assert [one.verdict for one in first.read(DrillRecord)] == [Verdict.FAIL, Verdict.PASS]
    assert first.read(DrillStepRecord)[-1].tail == (str(worlds.PROVINCE_FILE),)
    assert list(desk.runs.glob("2*")) == [first.path]


def test_a_drill_goes_back_as_far_as_it_came(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.type() == ExitCode.FAIL
    assert desk.type("--undo") == ExitCode.PASS
    assert desk.trail.read_text() == "back\nback\n"
    assert "Pass (taken back)" in capsys.readouterr().out
    assert desk.type("--undo") == ExitCode.PASS
    assert "there was nothing to take back" in capsys.readouterr().out


def test_a_way_back_that_is_no_longer_written_down_is_refused(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.type() == ExitCode.FAIL
    begin = _STEP.format(title="Begin", command="echo begun")
    desk.book.write_text(f"# A gate\n\nFor tests.\n\n{begin}")
    assert desk.type("--undo") == ExitCode.BAD_INPUT
    assert "went to step 2, and gate-drill has 1 steps now" in capsys.readouterr().err


def test_a_drill_adds_to_the_evidence_of_another_run(desk: Desk) -> None:
    desk.gate.touch()
    rehearsal = runs.written(desk.runs)
    assert desk.type("--run", str(rehearsal.path)) == ExitCode.PASS
    assert list(desk.runs.glob("2*")) == [rehearsal.path]
    assert [one.drill for one in judge(rehearsal).drills] == ["gate-drill"]
    assert desk.type("--undo") == ExitCode.BAD_INPUT
    assert desk.type("--undo", "--run", str(rehearsal.path)) == ExitCode.PASS
    assert desk.trail.read_text() == "back\nback\n"


def test_only_looking_makes_no_run(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.type("--dry-run", "--from", "2") == ExitCode.PASS
    told = capsys.readouterr().out
    assert "2. Pass" in told
    assert "1. Begin" not in told
    assert not desk.runs.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "4"), "gate-drill has 3 steps, none of the number 4"),
        (("--from", "0"), "Invalid value for '--from'"),
        (("--from", "2"), "gate-drill was never begun here"),
        (("--undo",), "gate-drill was never begun here"),
        (("--run", "nowhere"), "nowhere is not a folder"),
        (("--undo", "--from", "2"), "--undo takes back all that was done"),
        (("--province", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(
    words: tuple[str, ...], said: str, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk.type(*words) == ExitCode.BAD_INPUT
    assert said in capsys.readouterr().err
    assert not desk.runs.exists()


def test_another_province_is_another_drill(
    desk: Desk, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert desk.type() == ExitCode.FAIL
    other = worlds.write(worlds.small(), tmp_path / "small.yaml")
    assert desk.type("--from", "2", "--province", str(other)) == ExitCode.BAD_INPUT
    assert "was of another province" in capsys.readouterr().err


def test_what_users_saw_is_part_of_the_verdict(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def stands(*_: object, **__: object) -> WorldStatus:
        return standing(tmp_path / "state")

    monkeypatch.setattr(drill, "stand_up", stands)
    monkeypatch.setattr(drill_load, "run_load", FakeLoad(tmp_path, worker_lag_ms_p99=49.0))
    desk.gate.touch()
    assert desk.type("--users", "100") == ExitCode.UNKNOWN
    told = capsys.readouterr().out
    assert "UNKNOWN  gate-drill: the load generator lost 0 workers and was 49 ms late" in told
    assert "3,000 users: 0 of 0 requests failed" in told


def test_ctrl_c_says_what_stands_and_how_to_go_on(desk: Desk, tmp_path: Path) -> None:
    slow = _STEP.format(title="Wait", command=f"touch {desk.gate}; sleep 60")
    desk.book.write_text(f"# A wait\n\nFor tests.\n\n{slow}")
    line = CommandLine(["drill", str(desk.book)], tmp_path)
    deadline = time.monotonic() + 60
    while not desk.gate.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    line.signal(signal.SIGINT)
    assert line.end(60) == ExitCode.INTERRUPTED
    assert "broken off: what was done stands; go on: " in line.text
    assert "Traceback" not in line.text
    assert leftovers(tmp_path / "state" / "drill") == ()
    (ended,) = desk.latest().read(DrillRecord)
    assert (ended.verdict, ended.step) == (Verdict.UNKNOWN, 1)
