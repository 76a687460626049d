"""Finds and ends what an owner's earlier life left running.

Two ways of knowing a process, because neither suffices: the environment mark is inherited by
grandchildren in other sessions, but nginx and PostgreSQL overwrite it when they set their titles;
the recorded session covers those.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil

MARK = "SUYUN_OWNER"
_CLOCK_SLACK_SECONDS = 2.0


def record_session(owner: Path, pid: int) -> None:
    """Notes that `pid` leads a session of this owner."""
    folder = owner / "sessions"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / str(pid)).write_text(str(psutil.Process(pid).create_time()))


def forget_session(owner: Path, pid: int) -> None:
    """Drops the note once the session's leader has been waited for."""
    (owner / "sessions" / str(pid)).unlink(missing_ok=True)


def leftovers(owner: Path) -> tuple[psutil.Process, ...]:
    """Live processes of that owner, except this one and its ancestors."""
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    sessions = _sessions(owner)
    return tuple(
        process
        for process in psutil.process_iter()
        if process.pid not in own and _belongs(process, owner, sessions)
    )


def end(processes: Iterable[psutil.Process], grace_seconds: float = 5.0) -> int:
    """Asks those processes to end, then makes them. Returns how many there were."""
    found = list(processes)
    for process in found:
        _send(process, signal.SIGTERM)
    _, alive = psutil.wait_procs(found, timeout=grace_seconds)
    for process in alive:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=grace_seconds)
    return len(found)


def clean(owner: Path) -> int:
    """Ends all leftovers of that owner and forgets its sessions. Returns how many it ended."""
    ended = end(leftovers(owner))
    for note in (owner / "sessions").glob("*"):
        note.unlink(missing_ok=True)
    return ended


def _sessions(owner: Path) -> dict[int, float]:
    """Recorded sessions: leader's pid to its start time."""
    notes = (owner / "sessions").glob("*")
    return {int(note.name): float(note.read_text() or 0) for note in notes}


def _belongs(process: psutil.Process, owner: Path, sessions: dict[int, float]) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        started = sessions.get(os.getsid(process.pid))
        if started is not None and process.create_time() >= started - _CLOCK_SLACK_SECONDS:
            return True
        return process.environ().get(MARK) == str(owner)
    except (psutil.Error, ProcessLookupError, PermissionError):
        return False


def _send(process: psutil.Process, signum: int) -> None:
    try:
        process.send_signal(signum)
    except psutil.Error:
        return
