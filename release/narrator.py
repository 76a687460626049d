"""Tells what long work does, how far it is and how long it will take. Speaks on standard error.

On a terminal one line is kept up to date; elsewhere a line is printed when a stage begins or ends
and at most every few seconds in between, so that logs stay short.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

_LINE_EVERY_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """How far a stage is: `done` of `total`, what it is at, and the seconds that are left.

    A step that `stays` is a line worth keeping on the screen.
    """

    done: float
    total: float
    text: str
    seconds_left: float | None = None
    stays: bool = False


class Narrator:
    """One for a command. Stages are told one after another."""

    def __init__(
        self, console: Console | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self._clock = clock
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._stage = ""
        self._spoken = -_LINE_EVERY_SECONDS

    @contextmanager
    def stage(self, name: str, text: str) -> Iterator[None]:
        """A stage from its begin to its end, with the seconds it took."""
        self._stage, started = name, self._clock()
        self._open(text)
        try:
            yield
        finally:
            self._close()
            self.console.print(
                f"[{name}] ended after {self._clock() - started:.0f} s", markup=False
            )

    def step(self, step: Step) -> None:
        """Tells how far the stage is."""
        if step.stays:
            self.say(step.text)
            return
        left = "" if step.seconds_left is None else f" · about {step.seconds_left:.0f} s left"
        if self._progress is not None and self._task is not None:
            self._progress.update(
                self._task, completed=step.done, total=step.total, description=step.text + left
            )
            return
        now = self._clock()
        if now - self._spoken >= _LINE_EVERY_SECONDS:
            self._spoken = now
            far = f"{step.done:,.0f} of {step.total:,.0f} · " if step.total else ""
            self.say(f"{far}{step.text}{left}")

    def say(self, text: str) -> None:
        """A line that stays."""
        prefix = f"[{self._stage}] " if self._stage else ""
        self.console.print(prefix + text, markup=False, soft_wrap=True)

    def _open(self, text: str) -> None:
        if not self.console.is_terminal:
            self._spoken = self._clock()
            self.say(text)
            return
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn(f"{self._stage:<13}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self._progress.start()
        self._task = self._progress.add_task(text, total=None)

    def _close(self) -> None:
        if self._progress is not None:
            self._progress.stop()
        self._progress = self._task = None
