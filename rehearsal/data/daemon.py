"""The data world that outlives a command: started, asked, waited for and ended from any process."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path

from processes.detached import end, last_words, shows_life
from processes.detached import start_detached as start_process
from processes.reaper import reap
from processes.supervisor import Command, Running, Supervisor
from province.reader import read
from rehearsal.data.errors import DataError
from rehearsal.data.orders import ANSWER, Broken, Done, Order, Told
from rehearsal.data.ring import LOOPBACK, plan_ring
from rehearsal.data.status import (
    WorldStatus,
    log_file,
    socket_file,
    status_file,
    world_folder,
)
from rehearsal.links.errors import LinksError
from rehearsal.links.links import Links, require_possible
from rehearsal.links.standing import Notes
from rehearsal.links.wiring import NAME, Wiring

_ROOT = Path(__file__).resolve().parent.parent.parent
_END_SECONDS_MAX = 60.0
_POLL_SECONDS = 0.1
_LINE_BYTES_MAX = 2**24


class OrderError(DataError):
    """The world did not do what it was asked; the exit code is the world's."""

    def __init__(self, broken: Broken) -> None:
        super().__init__(broken.cause, broken.hint)
        self.exit_code = broken.exit_code


@dataclass(frozen=True, kw_only=True, slots=True)
class StartOrder:
    """Which world, of which province, with the tools of which cache.

    With `users`, so many can be at work on its platform at once.
    """

    state: Path
    province_file: Path
    cache: Path
    has_links: bool = True
    loopback: IPv4Network = LOOPBACK
    users: int = 0

    @property
    def argv(self) -> tuple[str, ...]:
        """What is run."""
        links = "links" if self.has_links else "no-links"
        paths = (self.state.resolve(), self.cache.resolve(), self.province_file.resolve())
        words = (*paths, links, self.loopback, self.users)
        return (sys.executable, "-m", "rehearsal.data", *map(str, words))


def start_detached(order: StartOrder) -> None:
    """Starts the world's process and returns once it has said that it boots.

    A world that stands already, or that somebody else starts meanwhile, is left as it is. Raises
    what reading and planning the province raise, and LinksError, before anything is started, and
    DataError when the process ends at once.
    """
    state = order.state
    plan_ring(read(order.province_file))
    if status(state) is not None:
        return
    pid = start_process(order.argv, _fresh_log(order), {"PYTHONPATH": str(_ROOT)})
    if not shows_life(pid, lambda: status_file(state).read() is not None) and status(state) is None:
        raise _failure(state, None)


async def start_as_child(order: StartOrder, supervisor: Supervisor) -> Running:
    """The same, but the world ends with the supervisor, whatever ends that."""
    command = Command(
        name="the data world",
        argv=order.argv,
        log=_fresh_log(order),
        env={"PYTHONPATH": str(_ROOT)},
        grace_seconds=_END_SECONDS_MAX,
    )
    running = await supervisor.start(command)
    lives = await asyncio.to_thread(
        shows_life, running.pid, lambda: status_file(order.state).read() is not None
    )
    if not lives:
        raise _failure(order.state, None)
    return running


def _fresh_log(order: StartOrder) -> Path:
    """Where the world will say what happens to it; what an earlier one said is gone."""
    if order.has_links:
        require_possible()
    status_file(order.state).forget()
    log = log_file(order.state)
    log.unlink(missing_ok=True)
    return log


def status(state: Path) -> WorldStatus | None:
    """The world that stands or boots; None when there is none, or only a dead one's status."""
    return status_file(state).living()


async def wait_ready(state: Path, on_progress: Callable[[str], None]) -> WorldStatus:
    """Waits until it takes orders; `on_progress` is told what it is at, at each change.

    Raises DataError, with the world's own cause and hint, when it fails or is gone.
    """
    told = ""
    while True:
        found = status_file(state).sound(partial(_failure, state))
        if found.doing != told:
            told = found.doing
            on_progress(told)
        if found.state == "ready":
            return found
        await asyncio.sleep(_POLL_SECONDS)


async def ask(state: Path, order: Order, tell: Callable[[str], None]) -> Done:
    """Has the world do it; `tell` is told how far it is. Raises OrderError and DataError.

    Cancelled, it leaves, and the world gives the order up.
    """
    if status(state) is None:
        raise DataError("no data world stands", "./suyun data start starts one")
    try:
        reader, writer = await asyncio.open_unix_connection(
            socket_file(state), limit=_LINE_BYTES_MAX
        )
    except OSError as error:
        raise DataError(
            "the data world takes no orders yet", "./suyun data status says what it is at"
        ) from error
    try:
        writer.write(order.model_dump_json().encode() + b"\n")
        async for line in reader:
            answer = ANSWER.validate_json(line)
            if isinstance(answer, Told):
                tell(answer.text)
            elif isinstance(answer, Broken):
                raise OrderError(answer)
            else:
                return answer
    finally:
        writer.close()
    raise _failure(state, status_file(state).read())


def stop(state: Path) -> bool:
    """Ends the world and whatever a killed one left; False when there was nothing to end."""
    found = status(state)
    if found is not None:
        end(found.pid, found.started, _END_SECONDS_MAX)
    left = reap(world_folder(state))
    if Notes(NAME).left():
        asyncio.run(_unwire(state))
    for part in ("objects", "database", "pki"):
        shutil.rmtree(world_folder(state) / part, ignore_errors=True)
    status_file(state).forget()
    return found is not None or left > 0


async def _unwire(state: Path) -> None:
    """Removes the links that a killed world left; those of another's world stay."""
    async with Supervisor(world_folder(state)) as supervisor:
        with suppress(LinksError):
            await Links(world_folder(state) / "links", supervisor, Wiring(sites=())).remove_left()


def _failure(state: Path, found: WorldStatus | None) -> DataError:
    if found is not None and found.cause is not None:
        return DataError(found.cause, found.hint or "")
    return DataError(
        f"the data world's process ended{last_words(log_file(state))}",
        f"./suyun data start starts another; its log is {log_file(state)}",
    )
