"""The room that outlives a command: started, asked, waited for and ended from any process."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path

from infra.plan.fleet import plan_fleet
from processes.detached import end, last_words, shows_life
from processes.detached import start_detached as start_process
from processes.reaper import reap
from processes.supervisor import ProcessError
from province.reader import read
from rehearsal.machine_room.layout import NETWORK
from rehearsal.machine_room.status import (
    RoomStatus,
    log_file,
    room_folder,
    sites_folder,
    status_file,
)

__all__ = ["RoomStatus", "start_detached", "status", "stop", "wait_ready", "watch"]

_ROOT = Path(__file__).resolve().parent.parent.parent
_END_SECONDS_MAX = 30.0
_POLL_SECONDS = 0.1
_WATCH_SECONDS = 1.0


def start_detached(
    state: Path,
    province_file: Path,
    cache: Path,
    *,
    environment: str = "rehearsal",
    network: IPv4Network = NETWORK,
) -> None:
    """Starts the room's process and returns once it has said that it boots.

    The process finds its tools in `cache`. A room that stands already, or that somebody else
    starts meanwhile, is left as it is. Raises what reading and planning the province raise,
    before anything is started, and ProcessError when the process ends at once.
    """
    province_file = province_file.resolve()
    plan_fleet(read(province_file), environment)
    if status(state) is not None:
        return
    status_file(state).forget()
    log = log_file(state)
    log.unlink(missing_ok=True)
    words = (state.resolve(), cache.resolve(), province_file, environment, network)
    argv = (sys.executable, "-m", "rehearsal.machine_room", *map(str, words))
    pid = start_process(argv, log, {"PYTHONPATH": str(_ROOT)})
    if not shows_life(pid, lambda: status_file(state).read() is not None) and status(state) is None:
        raise _failure(state, None)


def status(state: Path) -> RoomStatus | None:
    """The room that stands or boots; None when there is none, or only a dead one's status."""
    return status_file(state).living()


async def wait_ready(state: Path, on_progress: Callable[[int, int], None]) -> RoomStatus:
    """Waits until the main site is ready; `on_progress(ready, planned)` is told of each change.

    Raises ProcessError, with the room's own cause and hint, when it fails or is gone.
    """
    told = -1
    while True:
        found = status_file(state).sound(partial(_failure, state))
        if len(found.sites) != told:
            told = len(found.sites)
            on_progress(told, found.planned)
        if found.state == "ready":
            return found
        await asyncio.sleep(_POLL_SECONDS)


async def watch(state: Path) -> None:
    """Raises ProcessError, with the room's own cause and hint, once it fails or is gone."""
    while True:
        status_file(state).sound(partial(_failure, state))
        await asyncio.sleep(_WATCH_SECONDS)


def stop(state: Path) -> bool:
    """Ends the room and whatever a killed one left; False when there was nothing to end."""
    found = status(state)
    if found is not None:
        end(found.pid, found.started, _END_SECONDS_MAX)
    left = reap(room_folder(state))
    shutil.rmtree(sites_folder(state), ignore_errors=True)
    status_file(state).forget()
    return found is not None or left > 0


def _failure(state: Path, found: RoomStatus | None) -> ProcessError:
    if found is not None and found.cause is not None:
        return ProcessError(found.cause, found.hint or "")
    return ProcessError(
        f"the machine room's process ended{last_words(log_file(state))}",
        f"./suyun room start starts another; its log is {log_file(state)}",
    )
