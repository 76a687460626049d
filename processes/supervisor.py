"""Runs an owner's child processes: logs, waiting, and an end that leaves nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from processes.errors import OwnerBusyError, ProcessError
from processes.leftovers import MARK, clean, end, forget_session, record_session, session
from processes.output import Output
from processes.ownership import start_reaper, take

__all__ = ["Command", "OwnerBusyError", "ProcessError", "Running", "Supervisor"]

_TAIL_BYTES = 16_384
_STRAGGLER_SECONDS = 1.0
_DRAIN_SECONDS = 5.0
_REAPER_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What to run. `log` gets both output streams, appended; `env` is added to ours.

    `grace_seconds` is how long it may take to end after `stop_signal`, before SIGKILL.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    grace_seconds: float = 10.0
    stop_signal: int = signal.SIGTERM


class Running:
    """One child process, the leader of a session of its own."""

    def __init__(
        self, command: Command, process: asyncio.subprocess.Process, output: Output | None
    ) -> None:
        self.command = command
        self._process = process
        self._output = output

    @property
    def pid(self) -> int:
        """The process id, which is also the session's and the group's."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit status, or None while it runs; negative for a signal."""
        return self._process.returncode

    @property
    def stdout(self) -> asyncio.StreamReader | None:
        """Standard output, when it was started with `piped=True`; of use until it is stopped."""
        return self._output.reader if self._output else None

    async def wait(self) -> int:
        """Waits for its end and returns its exit status."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Asks the whole group to end, and makes it if its leader has not ended in time."""
        self._signal(self.command.stop_signal)
        try:
            await asyncio.wait_for(self._process.wait(), self.command.grace_seconds)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self._process.wait()

    def kill(self) -> None:
        """SIGKILL to the whole group, at once; nobody there can tell anybody of it."""
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        """Lets go of its standard output, which a grandchild may still hold."""
        if self._output:
            self._output.close()

    def log_tail(self, lines: int = 5) -> str:
        """The last lines of its log, for a message; empty when there is none."""
        try:
            with self.command.log.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
                text = log.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _signal(self, signum: int) -> None:
        # Once the leader has been waited for, its number may be another group's.
        if self.exit_code is not None:
            return
        try:
            os.killpg(self.pid, signum)
        except (ProcessLookupError, PermissionError):
            return


class Supervisor:
    """Owns a folder and every process started for it, as an async context manager.

    On entry it locks the folder (raises OwnerBusyError when another process holds it), ends
    what an earlier owner left, and starts the reaper. On exit all children are ended.
    A process that owns a folder must not fork without exec: the fork would hold the lock too.
    """

    def __init__(self, owner: Path) -> None:
        self.owner = owner.resolve()
        self._running: list[Running] = []
        self._lock: IO[str] | None = None
        self._reaper: subprocess.Popen[bytes] | None = None
        self._closing = False
        self.ended_at_start = 0

    async def __aenter__(self) -> Self:
        self.owner.mkdir(parents=True, exist_ok=True)
        self._closing = False
        self._lock = await take(self.owner)
        try:
            self.ended_at_start = await asyncio.to_thread(clean, self.owner)
            self._reaper = start_reaper(self.owner)
        except BaseException:
            self._lock.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await _to_the_end(self.stop_all())
        finally:
            self._release()

    async def start(self, command: Command, *, piped: bool = False) -> Running:
        """Starts a process. Raises ProcessError when it cannot be run, or at the owner's end."""
        self._require_open(command)
        output = await Output.open() if piped else None
        try:
            process = await self._spawn(command, output)
        except BaseException as error:
            if output:
                output.close()
            if not isinstance(error, OSError):
                raise
            raise ProcessError(
                f"{command.name} cannot be started: {error.strerror}: {error.filename}",
                "./suyun doctor names what is missing",
            ) from error
        if output:
            output.started()
        running = Running(command, process, output)
        self._running.append(running)
        record_session(self.owner, process.pid)
        if self._closing:  # stop_all() came in between and has not seen this one
            await _to_the_end(self.stop(running))
            self._require_open(command)
        return running

    async def run(self, command: Command, on_line: Callable[[str], None] | None = None) -> int:
        """Runs to the end and returns the exit status; each line of output goes to `on_line`.

        An error raised by `on_line`, or a cancellation, ends the process.
        """
        running = await self.start(command, piped=on_line is not None)
        waiting = asyncio.ensure_future(running.wait())
        reading = asyncio.ensure_future(_each_line(running.stdout, on_line))
        try:
            await asyncio.wait({waiting, reading}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                await reading
                await waiting
            await self._end_session(running)
            await asyncio.wait({reading}, timeout=_DRAIN_SECONDS)
            if reading.done():  # else a grandchild in another session holds the pipe
                await reading
            return await waiting
        finally:
            reading.cancel()
            waiting.cancel()
            await _to_the_end(self.stop(running))

    async def stop(self, running: Running) -> None:
        """Ends one child and its whole session. Harmless when it has ended already."""
        if running not in self._running:
            return
        await running.stop()
        await self._end_session(running)
        running.close()
        if running in self._running:
            self._running.remove(running)
            forget_session(self.owner, running.pid)

    async def stop_all(self) -> None:
        """Ends all children at once, then whatever they left. Nothing can be started after it."""
        self._closing = True
        await asyncio.gather(*(running.stop() for running in self._running))
        await asyncio.to_thread(clean, self.owner)
        for running in self._running:
            running.close()
        self._running.clear()

    async def _end_session(self, running: Running) -> None:
        stragglers = session(self.owner, running.pid)
        if stragglers:
            await asyncio.to_thread(end, stragglers, _STRAGGLER_SECONDS)

    async def _spawn(self, command: Command, output: Output | None) -> asyncio.subprocess.Process:
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with command.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *command.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output.write if output else log,
                stderr=log,
                cwd=command.cwd,
                env={**os.environ, **command.env, MARK: str(self.owner)},
                start_new_session=True,
            )

    def _require_open(self, command: Command) -> None:
        if self._closing:
            raise ProcessError(
                f"{command.name} was not started: its owner is ending", "start the command again"
            )

    def _release(self) -> None:
        """Gives the lock back first: the reaper then cleans too, should we have been cut short."""
        if self._lock is not None:
            self._lock.close()
        if self._reaper is not None and self._reaper.stdin is not None:
            self._reaper.stdin.close()
            with suppress(subprocess.TimeoutExpired):  # it goes on by itself
                self._reaper.wait(_REAPER_SECONDS)


async def _to_the_end(work: Coroutine[object, object, None]) -> None:
    """Finishes `work` whatever cancellation comes meanwhile, then lets the cancellation through."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    await task


async def _each_line(
    stream: asyncio.StreamReader | None, on_line: Callable[[str], None] | None
) -> None:
    if stream is None or on_line is None:
        return
    async for line in stream:
        on_line(line.decode("utf-8", errors="replace").rstrip("\n"))
