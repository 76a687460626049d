"""Finds and ends what an owner's earlier life left running.

Two ways of knowing a process, because neither suffices: the environment mark is inherited by
grandchildren in other sessions, but nginx and PostgreSQL overwrite it when they set their titles;
the recorded session covers those.

A note names a session by its leader's pid, the machine's boot and the time since then at which
the leader was started, so that neither a reboot, nor a changed clock, nor a pid that came round
again makes an unrelated process ours.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from processes.errors import ProcessError

MARK = "SUYUN_OWNER"
_ROUNDS = 5
_POLL_SECONDS = 0.02
_TICKS = os.sysconf("SC_CLK_TCK")


def started_at(pid: int) -> float | None:
    """When that process was started, in seconds since the machine's boot; None if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(stat.rpartition(")")[2].split()[19]) / _TICKS


def own_start() -> float:
    """When this process was started, likewise. Raises ProcessError where that cannot be known."""
    started = started_at(os.getpid())
    if started is None:
        raise ProcessError("this machine has no /proc", "a rehearsal needs Linux")
    return started


def record_session(owner: Path, pid: int) -> None:
    """Notes that `pid`, which may have ended already, leads a session of this owner."""
    started = started_at(pid)
    if started is None:
        started = time.clock_gettime(time.CLOCK_BOOTTIME)
    folder = owner / "sessions"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / str(pid)).write_text(f"{_boot()} {started}")


def forget_session(owner: Path, pid: int) -> None:
    """Drops the note once nothing of the session is left."""
    (owner / "sessions" / str(pid)).unlink(missing_ok=True)


def session(owner: Path, pid: int) -> tuple[psutil.Process, ...]:
    """Live processes of the noted session that `pid` led."""
    started = _noted(owner).get(pid)
    if started is None:
        return ()
    sessions = {pid: started}
    return _live(other for other in _others() if _in_session(other, sessions))


def leftovers(owner: Path) -> tuple[psutil.Process, ...]:
    """Live processes of that owner, except this one and its ancestors."""
    sessions = _noted(owner)
    mark = os.fsencode(f"{MARK}={owner}")
    return _live(pid for pid in _others() if _in_session(pid, sessions) or _bears(pid, mark))


def end(processes: Iterable[psutil.Process], grace_seconds: float = 5.0) -> int:
    """Asks those processes to end, then makes them. Returns how many there were."""
    found = list(processes)
    for signum in (signal.SIGTERM, signal.SIGKILL):
        for process in found:
            _send(process, signum)
        _wait(found, grace_seconds)
    return len(found)


def clean(owner: Path) -> int:
    """Ends all leftovers of that owner and forgets its sessions. Returns how many it ended.

    It looks again until nothing is found, for a process may fork while it is being ended.
    """
    ended = 0
    for _ in range(_ROUNDS):
        found = leftovers(owner)
        if not found:
            break
        ended += end(found)
    for note in (owner / "sessions").glob("*"):
        note.unlink(missing_ok=True)
    return ended


def _noted(owner: Path) -> dict[int, float]:
    """Sessions noted since the machine's boot: leader's pid to its start. Broken notes are none."""
    boot = _boot()
    sessions: dict[int, float] = {}
    for note in (owner / "sessions").glob("*"):
        try:
            noted_boot, started = note.read_text().split()
            if noted_boot == boot:
                sessions[int(note.name)] = float(started)
        except (ValueError, FileNotFoundError):
            continue
    return sessions


def _others() -> list[int]:
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [pid for pid in psutil.pids() if pid not in own]


def _live(pids: Iterable[int]) -> tuple[psutil.Process, ...]:
    found = []
    for pid in pids:
        try:
            process = psutil.Process(pid)
        except psutil.Error:
            continue
        if _runs(process):
            found.append(process)
    return tuple(found)


def _runs(process: psutil.Process) -> bool:
    """Whether it does anything still: a zombie is its parent's affair and may stay for long."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _wait(processes: Iterable[psutil.Process], seconds: float) -> None:
    """Until none of them runs. It only looks: waiting would take exit statuses from asyncio."""
    deadline = time.monotonic() + seconds
    while any(_runs(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _in_session(pid: int, sessions: dict[int, float]) -> bool:
    try:
        leader = os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return False
    noted = sessions.get(leader)
    if noted is None:
        return False
    leader_started, started = started_at(leader), started_at(pid)
    if leader_started is not None:
        return leader_started == noted
    # The kernel gives a pid away again only when no session bears it any more.
    return started is not None and started >= noted


def _bears(pid: int, mark: bytes) -> bool:
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _send(process: psutil.Process, signum: int) -> None:
    with suppress(psutil.Error):  # psutil compares the start time first
        process.send_signal(signum)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
