"""Starts a process that outlives this one, knows it again later, and ends it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from processes.errors import ProcessError
from processes.leftovers import MARK, started_at

_ERROR_STREAM = 2
_SIGN_OF_LIFE_SECONDS_MAX = 30.0
_POLL_SECONDS = 0.1
_LOG_BYTES = 2000


def start_detached(argv: Sequence[str], log: Path, env: Mapping[str, str]) -> int:
    """Starts a program in a session of its own, without our mark, and returns its pid.

    Both its output streams are appended to `log`; `env` is added to ours. What else is open here
    does not stay open there: who had run us under `flock` would not get his lock back.
    Raises ProcessError when it cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        return os.posix_spawn(
            argv[0],
            list(argv),
            {name: value for name, value in {**os.environ, **env}.items() if name != MARK},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
                *((os.POSIX_SPAWN_CLOSE, number) for number in _handed_on()),
            ],
            setsid=True,
        )
    except OSError as error:
        raise ProcessError(
            f"{argv[0]} cannot be started: {error.strerror}", "./suyun doctor names what is missing"
        ) from error


def _handed_on() -> list[int]:
    """The descriptors beyond the first three that a program started from here would have too."""
    numbers = [int(file.name) for file in Path("/proc/self/fd").iterdir()]
    return [number for number in numbers if number > _ERROR_STREAM and _is_handed_on(number)]


def _is_handed_on(number: int) -> bool:
    try:
        return os.get_inheritable(number)
    except OSError:
        return False  # it was that of the listing itself


def is_alive(pid: int, started: float) -> bool:
    """Whether that very process runs: `started` is what `leftovers.started_at` said of it.

    One that has ended does not run, though its entry stays until its parent has asked for it.
    """
    _collect(pid)
    return started_at(pid) == started and not _has_ended(pid)


def shows_life(pid: int, has_spoken: Callable[[], bool]) -> bool:
    """Waits until `has_spoken`; False when the process ended, or 30 s passed, before that."""
    started = started_at(pid)
    deadline = time.monotonic() + _SIGN_OF_LIFE_SECONDS_MAX
    while not has_spoken():
        if started is None or not is_alive(pid, started) or time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def end(pid: int, started: float, seconds: float) -> None:
    """Ends it by SIGTERM and, when it still runs after `seconds`, by SIGKILL; blocks.

    What it has started itself is its reaper's to end.
    """
    for signum in (signal.SIGTERM, signal.SIGKILL):
        os.kill(pid, signum)
        deadline = time.monotonic() + seconds
        while is_alive(pid, started) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if not is_alive(pid, started):
            return


def last_words(log: Path) -> str:
    """The last two lines that were written there, after a colon; nothing where there are none."""
    try:
        text = log.read_bytes()[-_LOG_BYTES:].decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    lines = text.splitlines()[-2:]
    return ": " + " / ".join(lines) if lines else ""


def _has_ended(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def _collect(pid: int) -> None:
    """Lets an ended child of ours go; of others' processes there is nothing to collect."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
