"""Turns what the toolchain does into progress, with the time that is left."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from rehearsal.toolchain.estimate import Estimate
from rehearsal.toolchain.pins import GoTool
from rehearsal.toolchain.values import ToolProgress

T = TypeVar("T")
OnProgress = Callable[[ToolProgress], None]

_TICK_SECONDS = 1.0


class Telling:
    """Tells one call's progress."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._estimate = Estimate({}, _cores())
        self._done = 0.0

    def expect(self, seconds: Mapping[str, float]) -> None:
        """What will have to be made, with the seconds that each should take on 2 cores."""
        self._estimate = Estimate(seconds, _cores())

    def say(self, text: str, name: str = "") -> None:
        """What is done now."""
        self._send(name, text)

    def notice(self, text: str) -> None:
        """Something that was not as it should be, and what is done about it."""
        self._send("", text, notice=True)

    @contextmanager
    def making(self, pin: GoTool) -> Iterator[Callable[[], None]]:
        """A tool from the beginning of its making to the end; gives what tells how far it is."""
        started = time.monotonic()

        def tick() -> None:
            elapsed = time.monotonic() - started
            self._done = self._estimate.done(pin.name, elapsed)
            left = self._estimate.left(pin.name, elapsed)
            self._send(pin.name, f"making {pin.name} {pin.version}", left)

        tick()
        yield tick
        self._estimate.finish(pin.name, time.monotonic() - started)
        self._done = self._estimate.finished
        self._send(pin.name, f"{pin.name} {pin.version} is there")

    def all_there(self, count: int) -> None:
        """The end."""
        self._done = self._estimate.total
        self._send("", f"all {count} tools are there", 0.0)

    def _send(
        self, name: str, text: str, left: float | None = None, *, notice: bool = False
    ) -> None:
        self._on_progress(
            ToolProgress(
                name=name,
                text=text,
                done=self._done,
                total=self._estimate.total,
                seconds_left=left,
                notice=notice,
            )
        )


async def ticking(work: Awaitable[T], tick: Callable[[], None]) -> T:
    """The work's result; calls `tick` every second until then. Cancelled with its caller."""
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=_TICK_SECONDS))[0]:
            tick()
        return task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
