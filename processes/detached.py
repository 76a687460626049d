"""Starts a process that outlives this one, and knows it again later."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from processes.errors import ProcessError
from processes.leftovers import MARK, started_at

_ERROR_STREAM = 2


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
