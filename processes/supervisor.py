"""Runs an owner's child processes: logs, waiting, and an end that leaves nothing."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

from processes.leftovers import MARK, clean, forget_session, record_session


class ProcessError(Exception):
    """A process that could not be started, or that ended when it should not have."""

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint


class OwnerBusyError(ProcessError):
    """Another live process owns that folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What to run. `log` gets both output streams, appended; `env` is added to ours."""

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None


class Running:
    """One child process and its session."""

    def __init__(self, command: Command, process: asyncio.subprocess.Process) -> None:
        self.command = command
        self._process = process

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
        """Standard output, when it was started with `piped=True`."""
        return self._process.stdout

    async def wait(self) -> int:
        """Waits for its end and returns its exit status."""
        return await self._process.wait()

    async def stop(self, grace_seconds: float = 10.0) -> None:
        """SIGTERM to the whole group, then SIGKILL to whatever remains of it."""
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), grace_seconds)
        except TimeoutError:
            pass
        self._signal(signal.SIGKILL)
        await self._process.wait()

    def log_tail(self, lines: int = 5) -> str:
        """The last lines of its log, for a message."""
        text = self.command.log.read_text("utf-8", errors="replace") if self.log_exists else ""
        return "\n".join(text.splitlines()[-lines:])

    @property
    def log_exists(self) -> bool:
        """Whether it has written a log."""
        return self.command.log.is_file()

    def _signal(self, signum: int) -> None:
        try:
            os.killpg(self.pid, signum)
        except (ProcessLookupError, PermissionError):
            return


class Supervisor:
    """Owns a folder and every process started for it, as an async context manager.

    On entry it locks the folder (raises OwnerBusyError when another process holds it), ends
    what an earlier owner left, and starts the reaper. On exit all children are ended, the last
    started first.
    """

    def __init__(self, owner: Path) -> None:
        self.owner = owner.resolve()
        self._running: list[Running] = []
        self._lock: IO[str] | None = None
        self._reaper: subprocess.Popen[bytes] | None = None
        self.ended_at_start = 0

    async def __aenter__(self) -> Supervisor:
        self.owner.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(self.owner / "owner.lock")
        self.ended_at_start = clean(self.owner)
        self._reaper = _start_reaper(self.owner)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await asyncio.shield(self.stop_all())
        finally:
            self._release()

    async def start(self, command: Command, *, piped: bool = False) -> Running:
        """Starts a process. Raises ProcessError when the program cannot be run at all."""
        command.log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with command.log.open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    *command.argv,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE if piped else log,
                    stderr=log,
                    cwd=command.cwd,
                    env={**os.environ, **command.env, MARK: str(self.owner)},
                    start_new_session=True,
                    limit=2**24,
                )
        except OSError as error:
            raise ProcessError(
                f"{command.name} cannot be started: {error.strerror}: {command.argv[0]}",
                "./suyun doctor names what is missing",
            ) from error
        record_session(self.owner, process.pid)
        running = Running(command, process)
        self._running.append(running)
        return running

    async def run(
        self, command: Command, on_line: Callable[[str], None] | None = None
    ) -> int:
        """Runs to the end and returns the exit status; each line of output goes to `on_line`."""
        running = await self.start(command, piped=on_line is not None)
        try:
            if on_line is not None and running.stdout is not None:
                async for line in running.stdout:
                    on_line(line.decode("utf-8", errors="replace").rstrip("\n"))
            return await running.wait()
        finally:
            await self.stop(running)

    async def stop(self, running: Running, grace_seconds: float = 10.0) -> None:
        """Ends one child and its whole session."""
        await running.stop(grace_seconds)
        forget_session(self.owner, running.pid)
        if running in self._running:
            self._running.remove(running)

    async def stop_all(self) -> None:
        """Ends all children, the last started first, then whatever they left behind."""
        waves = list(reversed(self._running))
        await asyncio.gather(*(self.stop(running) for running in waves))
        clean_except_reaper = asyncio.to_thread(clean, self.owner)
        await clean_except_reaper

    def _release(self) -> None:
        if self._reaper is not None and self._reaper.stdin is not None:
            self._reaper.stdin.close()
            self._reaper.wait(timeout=30)
        if self._lock is not None:
            self._lock.close()


def _lock(path: Path) -> IO[str]:
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        raise OwnerBusyError(
            f"another suyun (process {holder}) is at work in {path.parent}",
            "wait for it, stop it, or set SUYUN_STATE to another folder",
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _start_reaper(owner: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "processes.reaper", str(owner)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).resolve().parent.parent,
        start_new_session=True,
    )
