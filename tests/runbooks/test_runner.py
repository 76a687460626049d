"""A drill is carried out as it is written, and its run folder says what became of each step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from evidence.drills import DrillRecord, DrillStepRecord
from evidence.run import RunFolder
from evidence.verdict import Verdict
from processes.leftovers import leftovers
from processes.supervisor import Supervisor
from runbooks.runbook import Expectation, Runbook, RunbookStep
from runbooks.runner import Progress, Runner
from runbooks.traces import ended_well, standing

R = TypeVar("R")


def step(command: str, *contains: str, code: int = 0, undo: str | None = None) -> RunbookStep:
    return RunbookStep(
        title=f"Do {command}",
        line=1,
        why="",
        command=command,
        expect=Expectation(exit_code=code, contains=contains),
        undo=undo,
    )


def book(*steps: RunbookStep) -> Runbook:
    return Runbook(name="example", title="Example", purpose="", steps=steps)


class Drill:
    """A runner in folders of its own, and what it told."""

    def __init__(self, folder: Path, *steps: RunbookStep, seconds: float = 20.0) -> None:
        self.run = RunFolder.create(folder / "runs", "20261124-073000-ab12")
        self.owner = folder / "state"
        self.told: list[Progress] = []
        self._book = book(*steps)
        self._seconds = seconds

    def carry_out(self, first: int = 1) -> DrillRecord:
        return self._with(lambda runner: runner.carry_out(self.told.append, first=first))

    def take_back(self) -> tuple[DrillStepRecord, ...]:
        return self._with(lambda runner: runner.take_back(self.told.append))

    def steps(self) -> list[tuple[int, Verdict, str]]:
        return [(one.step, one.verdict, one.reason) for one in self.run.read(DrillStepRecord)]

    @asynccontextmanager
    async def runner(self) -> AsyncIterator[Runner]:
        async with Supervisor(self.owner) as supervisor:
            yield Runner(
                self._book,
                supervisor,
                self.run,
                env={"GREETING": "hello"},
                step_seconds_max=self._seconds,
            )

    def _with(self, work: Callable[[Runner], Awaitable[R]]) -> R:
        async def whole() -> R:
            async with self.runner() as runner:
                return await work(runner)

        return asyncio.run(whole())


def test_a_drill_shows_what_it_should_and_says_so(tmp_path: Path) -> None:
    drill = Drill(
        tmp_path,
        step("printf 'one\\ntwo\\n'; echo three >&2", "one", "wo", "three"),
        step("exit 3", code=3),
        step('test -f pyproject.toml; echo "$GREETING from $SUYUN_RUN"', f"hello from {tmp_path}"),
    )
    ended = drill.carry_out()
    assert (ended.verdict, ended.step, ended.steps) == (Verdict.PASS, 3, 3), ended.reason
    assert drill.run.read(DrillRecord) == (ended,)
    first = drill.run.read(DrillStepRecord)[0]
    assert first.tail == ("one", "two", "three")
    assert [one.line for one in drill.told if one.step == 1] == [None, "one", "two", "three"]


@pytest.mark.parametrize(
    ("broken", "verdict", "reason"),
    [
        (step("exit 1"), Verdict.FAIL, "it ended with 1, not with 0"),
        (
            step("echo 'suyun: too far behind'; echo '  hint: wait'; exit 1"),
            Verdict.FAIL,
            "it ended with 1, not with 0: suyun: too far behind",
        ),
        (
            step("echo 'suyun: no ceph-mon'; echo '  hint: apt-get install ceph-mon'; exit 4"),
            Verdict.UNKNOWN,
            "it ended with 4, not with 0: suyun: no ceph-mon (apt-get install ceph-mon)",
        ),
        (step("true", code=1), Verdict.FAIL, "it ended with 0, not with 1"),
        (step("false\ntrue"), Verdict.FAIL, "it ended with 1, not with 0"),
        (step("exit 2"), Verdict.UNKNOWN, "it ended with 2, not with 0"),
        (step("kill -9 $$"), Verdict.UNKNOWN, "it ended with -9, not with 0"),
        (step("echo kept", "kept", "lost"), Verdict.FAIL, "its output lacks 'lost'"),
        (step("sleep 30"), Verdict.UNKNOWN, "it did not end within 0.5 s"),
    ],
)
def test_what_was_not_to_be_seen_ends_the_drill(
    broken: RunbookStep, verdict: Verdict, reason: str, tmp_path: Path
) -> None:
    drill = Drill(tmp_path, step("true"), broken, step("touch never"), seconds=0.5)
    ended = drill.carry_out()
    assert (ended.verdict, ended.step) == (verdict, 2)
    assert ended.reason == f"step 2, {broken.title}: {reason}"
    assert drill.steps() == [(1, Verdict.PASS, "as expected"), (2, verdict, reason)]
    assert ended_well(drill.run, "example") == {1: "Do true"}


def test_what_was_begun_is_taken_back_backwards_whatever_becomes_of_each(tmp_path: Path) -> None:
    trail = tmp_path / "trail"
    drill = Drill(
        tmp_path,
        step("true", undo=f"echo 1 >> {trail}"),
        step("true"),
        step("true", undo="exit 1"),
        step("exit 1", undo=f"echo 4 >> {trail}"),
        step("true", undo=f"echo 5 >> {trail}"),
    )
    drill.carry_out()
    assert standing(drill.run, "example") == (4, 3, 2, 1)
    back = drill.take_back()
    assert [(one.step, one.verdict) for one in back] == [
        (4, Verdict.PASS),
        (3, Verdict.FAIL),
        (1, Verdict.PASS),
    ]
    assert trail.read_text() == "4\n1\n"
    assert standing(drill.run, "example") == (3, 2)
    assert ended_well(drill.run, "example") == {2: "Do true"}
    drill.carry_out(first=4)
    assert standing(drill.run, "example") == (4, 3, 2)


def test_ctrl_c_lets_the_command_end_in_order_and_is_written_down(tmp_path: Path) -> None:
    tidied = tmp_path / "tidied"
    at_the_end = f"sleep 1.2; touch {tidied}; exit 130"
    drill = Drill(
        tmp_path,
        step(f"sh -c \"trap '{at_the_end}' TERM; echo begun; sleep 60 & wait\""),
        step("true"),
    )

    async def interrupted() -> None:
        async with drill.runner() as runner:
            task = asyncio.ensure_future(runner.carry_out(drill.told.append))
            while not any(one.line == "begun" for one in drill.told):
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(interrupted())
    assert tidied.exists()
    assert leftovers(drill.owner) == ()
    assert drill.steps() == [(1, Verdict.UNKNOWN, "it was broken off")]
    (ended,) = drill.run.read(DrillRecord)
    assert (ended.verdict, ended.step, ended.steps) == (Verdict.UNKNOWN, 1, 2)


def test_a_drill_that_is_cut_short_between_two_steps_did_not_pass(tmp_path: Path) -> None:
    drill = Drill(tmp_path, step("true"), step("true"))

    def tell(progress: Progress) -> None:
        if progress.step == 2:
            raise OSError("no space left")

    async def cut_short() -> None:
        async with drill.runner() as runner:
            await runner.carry_out(tell)

    with pytest.raises(OSError, match="no space left"):
        asyncio.run(cut_short())
    (ended,) = drill.run.read(DrillRecord)
    assert (ended.verdict, ended.reason) == (Verdict.UNKNOWN, "it was broken off after step 1")


def test_a_drill_that_resumes_is_whole_when_its_last_step_is(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    drill = Drill(tmp_path, step("true"), step(f"test -f {gate}"), step("true"))
    assert drill.carry_out().verdict is Verdict.FAIL
    gate.touch()
    assert drill.carry_out(first=2).verdict is Verdict.PASS
    assert [one[0] for one in drill.steps()] == [1, 2, 2, 3]


def test_suyun_is_the_suyun_that_runs(tmp_path: Path) -> None:
    drill = Drill(tmp_path, step("./suyun runbooks list", "more-storage"))
    assert drill.carry_out().verdict is Verdict.PASS, drill.run.read(DrillStepRecord)
