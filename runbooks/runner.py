"""Carries out a runbook step by step, and writes down what each step showed as soon as it ended.

A step's command is typed as it stands: by `sh`, which ends at the first line that goes wrong,
from the repository's root; `./suyun` is the suyun that runs. What it shows decides. Exit codes 0
and 1 say yes and no; any other one says that nobody knows.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from evidence.drills import RUN_VARIABLE, DrillRecord, DrillStepBegunRecord, DrillStepRecord
from evidence.run import RunFolder
from evidence.verdict import ExitCode, Verdict
from processes.supervisor import Command, Supervisor
from runbooks.reader import FOLDER
from runbooks.runbook import Expectation, Runbook
from runbooks.traces import standing

STEP_SECONDS_MAX = 900.0
"""The longest that a step may take: several times what restoring a rehearsal's data takes."""
PYTHON_VARIABLE = "SUYUN_PYTHON"
"""Tells the launcher which Python a drill's commands are run by."""
_GRACE_SECONDS = 60.0
"""A command that is broken off may have servers to end first."""
_IN_ORDER = "exec 2>&1; trap 'exit 143' TERM"
"""Both streams in one; and the shell waits for the command at which it was broken off."""
_TAIL_LINES = 20
_HINT = "  hint: "
_CLEAR_CODES = (ExitCode.PASS, ExitCode.FAIL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Where a drill is: at a step (from 1), there or back; and a line that its command said."""

    step: int
    title: str
    is_undo: bool
    line: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    """What is typed for a step, there or back."""

    step: int
    title: str
    command: str
    expect: Expectation
    is_undo: bool

    def progress(self, line: str | None = None) -> Progress:
        return Progress(step=self.step, title=self.title, is_undo=self.is_undo, line=line)


@dataclass(kw_only=True, slots=True)
class _Heard:
    """A command's output: its last lines, and the expected texts that it has not had yet."""

    wanted: list[str]
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=_TAIL_LINES))

    @property
    def last_words(self) -> str:
        """The last line that says what happened; what would help is said after it, indented."""
        return next((line for line in reversed(self.tail) if line[:1].strip()), "")

    @property
    def hint(self) -> str:
        """What would help, as a command of ours says it."""
        hints = (line.removeprefix(_HINT) for line in reversed(self.tail) if line.startswith(_HINT))
        return next(hints, "")

    def hear(self, line: str) -> None:
        self.tail.append(line)
        self.wanted = [text for text in self.wanted if text not in line]


class Runner:
    """Runs one drill into one run folder. `env` is added to its commands' environment.

    They are started behind `prefix`.
    """

    def __init__(
        self,
        runbook: Runbook,
        supervisor: Supervisor,
        run: RunFolder,
        *,
        env: Mapping[str, str],
        prefix: tuple[str, ...] = (),
        step_seconds_max: float = STEP_SECONDS_MAX,
    ) -> None:
        self.runbook = runbook
        self.run = run
        self._supervisor = supervisor
        self._env = env
        self._prefix = prefix
        self._step_seconds_max = step_seconds_max
        self._ended: list[DrillStepRecord] = []

    async def carry_out(self, tell: Callable[[Progress], None], *, first: int = 1) -> DrillRecord:
        """From step `first` on, until one does not show what is expected of it.

        How it ended is written down whatever ends it. Raises what `Supervisor.run` raises.
        """
        began = time.monotonic()
        try:
            for work in self._there(first):
                if (await self._do(work, tell)).verdict is not Verdict.PASS:
                    break
        finally:
            record = self._end(time.monotonic() - began)
            self.run.append(record)
        return record

    async def take_back(self, tell: Callable[[Progress], None]) -> tuple[DrillStepRecord, ...]:
        """What the run folder tells of as begun, the last step first, whatever becomes of each.

        Steps without a block `undo` stay as they are.
        """
        return tuple([await self._do(work, tell) for work in self._back()])

    def _there(self, first: int) -> Iterator[_Work]:
        for number, step in enumerate(self.runbook.steps, 1):
            if number >= first:
                yield _Work(
                    step=number,
                    title=step.title,
                    command=step.command,
                    expect=step.expect,
                    is_undo=False,
                )

    def _back(self) -> Iterator[_Work]:
        for number in standing(self.run, self.runbook.name):
            step = self.runbook.steps[number - 1]
            if step.undo is not None:
                yield _Work(
                    step=number,
                    title=step.title,
                    command=step.undo,
                    expect=Expectation(),
                    is_undo=True,
                )

    async def _do(self, work: _Work, tell: Callable[[Progress], None]) -> DrillStepRecord:
        """A step there or back, from its first record to its last, whatever ends it."""
        heard = _Heard(wanted=list(work.expect.contains))

        def hear(line: str) -> None:
            heard.hear(line)
            tell(work.progress(line))

        tell(work.progress())
        began = time.time()
        self.run.append(
            DrillStepBegunRecord(
                drill=self.runbook.name, step=work.step, is_undo=work.is_undo, began_at=began
            )
        )
        code, why = None, "it was broken off"
        try:
            async with asyncio.timeout(self._step_seconds_max):
                code = await self._supervisor.run(self._command(work), hear)
        except TimeoutError:
            why = f"it did not end within {self._step_seconds_max:g} s"
        finally:
            verdict, reason = (Verdict.UNKNOWN, why) if code is None else _judged(work, code, heard)
            record = DrillStepRecord(
                drill=self.runbook.name,
                step=work.step,
                steps=len(self.runbook.steps),
                title=work.title,
                is_undo=work.is_undo,
                ended_at=time.time(),
                seconds=max(0.0, time.time() - began),
                exit_code=code,
                verdict=verdict,
                reason=reason,
                tail=tuple(heard.tail),
            )
            self.run.append(record)
            self._ended.append(record)
        return record

    def _command(self, work: _Work) -> Command:
        return Command(
            name=f"step {work.step} of {self.runbook.name}",
            argv=(*self._prefix, "sh", "-ec", f"{_IN_ORDER}\n{work.command}"),
            log=self._supervisor.owner / "logs" / f"{self.runbook.name}.log",
            cwd=FOLDER.parent,
            grace_seconds=_GRACE_SECONDS,
            env={
                **self._env,
                RUN_VARIABLE: str(self.run.path),
                PYTHON_VARIABLE: sys.executable,
                "NO_COLOR": "1",
            },
        )

    def _end(self, seconds: float) -> DrillRecord:
        steps, last = len(self.runbook.steps), self._ended[-1] if self._ended else None
        if last is None:
            step, verdict, reason = 0, Verdict.UNKNOWN, "no step could be begun"
        elif last.verdict is Verdict.PASS and last.step == steps:
            step, verdict = last.step, Verdict.PASS
            reason = f"each of {steps} steps showed what it should"
        elif last.verdict is Verdict.PASS:
            step, verdict = last.step, Verdict.UNKNOWN
            reason = f"it was broken off after step {last.step}"
        else:
            step, verdict = last.step, last.verdict
            reason = f"step {last.step}, {last.title}: {last.reason}"
        return DrillRecord(
            drill=self.runbook.name,
            step=step,
            steps=steps,
            seconds=seconds,
            verdict=verdict,
            reason=reason,
        )


def _judged(work: _Work, code: int, heard: _Heard) -> tuple[Verdict, str]:
    if code != work.expect.exit_code:
        verdict = Verdict.FAIL if code in _CLEAR_CODES else Verdict.UNKNOWN
        said = f": {heard.last_words}" if heard.last_words else ""
        if verdict is Verdict.UNKNOWN and heard.hint:
            said += f" ({heard.hint})"
        return verdict, f"it ended with {code}, not with {work.expect.exit_code}{said}"
    if heard.wanted:
        return Verdict.FAIL, f"its output lacks '{heard.wanted[0]}'"
    return Verdict.PASS, "as expected"
