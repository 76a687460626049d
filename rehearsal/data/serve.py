"""The process that keeps a data world between commands: starts it, takes orders, ends it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from pydantic import ValidationError

from evidence.verdict import ExitCode
from processes.supervisor import Supervisor
from province.province import Province
from rehearsal.data.desk import Desk
from rehearsal.data.needed import programs
from rehearsal.data.orders import Broken, Done, Order, Told
from rehearsal.data.ring import plan_ring
from rehearsal.data.status import (
    WorldStatus,
    forget_status,
    log_file,
    own_start,
    socket_file,
    world_folder,
    write_status,
)
from rehearsal.data.world import EMPTY, DataWorld, WorldOrder
from rehearsal.links.wiring import Wiring
from rehearsal.toolchain.toolchain import Toolchain


@dataclass(frozen=True, kw_only=True, slots=True)
class ServeOrder:
    """Which world, in which state folder, with the tools of which cache."""

    state: Path
    cache: Path
    province: Province
    has_links: bool
    loopback: IPv4Network
    users: int


async def serve(order: ServeOrder) -> None:
    """Keeps the world until SIGTERM, SIGINT or SIGHUP, then ends it and forgets it.

    Raises OwnerBusyError when another world stands; any other failure is first written into the
    status, with cause and hint.
    """
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine always runs in a task
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(signum, task.cancel)
    async with Supervisor(world_folder(order.state)) as supervisor:
        said = _Said(order)
        try:
            await _keep(order, supervisor, said)
        except asyncio.CancelledError:
            said.is_over = True
        except Exception as error:
            said.fail(error)
            raise
    if said.is_over:
        forget_status(order.state)


class _Said:
    """The status as it was written last."""

    def __init__(self, order: ServeOrder) -> None:
        self._state = order.state
        self.is_over = False
        self._status = WorldStatus(
            pid=os.getpid(),
            started=own_start(),
            state="booting",
            doing="finding the tools",
            began=time.time(),
            has_links=order.has_links,
            users=order.users,
        )
        write_status(self._state, self._status)

    def doing(self, text: str) -> None:
        """What is begun now."""
        self._write(doing=text)

    def stands(self, world: DataWorld) -> None:
        """It takes orders; again after each of them."""
        down = {f"{site} ({engine})" for engine, sites in world.down.items() for site in sites}
        self._write(
            state="ready",
            doing="standing",
            ready_seconds=self._status.ready_seconds or time.time() - self._status.began,
            sites=world.ring.sites,
            primary=world.databases.primary,
            down=tuple(sorted(down)),
            cuts=world.cuts,
            entrances=world.front.entrances if world.front else (),
            ca_file=world.ca_file,
            secret_file=world.secret_file,
        )

    def fail(self, error: Exception) -> None:
        """Why it does not stand."""
        cause = getattr(error, "cause", None) or f"{type(error).__name__}: {error}"
        hint = getattr(error, "hint", None) or f"see {log_file(self._state)}"
        self._write(state="failed", cause=cause, hint=hint)

    def _write(self, **changes: object) -> None:
        changed = {**self._status.model_dump(), **changes}
        self._status = WorldStatus.model_validate(changed)
        write_status(self._state, self._status)


async def _keep(order: ServeOrder, supervisor: Supervisor, said: _Said) -> None:
    needed = programs(users=order.users, has_links=order.has_links)
    binaries = await Toolchain(order.cache, supervisor).ensure(needed, lambda _: None)
    ring = plan_ring(order.province)
    world = DataWorld(
        WorldOrder(
            folder=world_folder(order.state),
            province=order.province,
            ring=ring,
            programs={name: binary.path for name, binary in binaries.items()},
            wiring=Wiring(sites=(*ring.sites, EMPTY)) if order.has_links else None,
            loopback=order.loopback,
            users=order.users,
        ),
        supervisor,
    )
    desk = Desk(world, order.province)
    try:
        await world.start(said.doing)
        await _take_orders(order.state, desk, world, said)
    finally:
        await desk.close()
        await world.stop()


async def _take_orders(state: Path, desk: Desk, world: DataWorld, said: _Said) -> None:
    """Until it is cancelled. An order whose asker leaves is given up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        work = asyncio.ensure_future(_answer(await reader.readline(), desk, writer))
        leaving = asyncio.ensure_future(reader.read())
        await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in (work, leaving):
            task.cancel()
        await asyncio.gather(work, leaving, return_exceptions=True)
        said.stands(world)
        writer.close()

    path = socket_file(state)
    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(answer, path)
    path.chmod(0o600)
    try:
        said.stands(world)
        await asyncio.Event().wait()
    finally:
        server.close()
        path.unlink(missing_ok=True)


async def _answer(line: bytes, desk: Desk, writer: asyncio.StreamWriter) -> None:
    def say(answer: Told | Done | Broken) -> None:
        writer.write(answer.model_dump_json().encode() + b"\n")

    try:
        say(
            await desk.carry_out(Order.model_validate_json(line), lambda text: say(Told(text=text)))
        )
    except ValidationError as error:
        say(Broken(cause=f"no such order: {error}", hint="", exit_code=ExitCode.BAD_INPUT))
    except Exception as error:
        say(_broken(error))
    with suppress(ConnectionError):
        await writer.drain()


def _broken(error: Exception) -> Broken:
    """Of several at once the first: who reads it has one thing to do at a time."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return Broken(
        cause=getattr(error, "cause", None) or f"{type(error).__name__}: {error}",
        hint=getattr(error, "hint", None) or "",
        exit_code=getattr(error, "exit_code", ExitCode.TOOL_FAILED),
    )
