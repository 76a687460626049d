"""The process that keeps a data world between commands: starts it, takes orders, ends it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
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
    log_file,
    socket_file,
    status_file,
    world_folder,
)
from rehearsal.data.world import EMPTY, DataWorld, WorldOrder
from rehearsal.keeper import Keeper
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
    first = WorldStatus.mine(
        doing="finding the tools",
        began=time.time(),
        has_links=order.has_links,
        users=order.users,
    )
    keeper = Keeper(status_file(order.state), first, log_file(order.state))
    await keeper.keep(world_folder(order.state), partial(_keep, order, keeper))


async def _keep(order: ServeOrder, keeper: Keeper[WorldStatus], supervisor: Supervisor) -> None:
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
        await world.start(lambda text: keeper.say(doing=text))
        await _take_orders(order.state, desk, lambda: _stands(keeper, world))
    finally:
        await desk.close()
        await world.stop()


def _stands(keeper: Keeper[WorldStatus], world: DataWorld) -> None:
    """It takes orders; again after each of them."""
    down = {f"{site} ({engine})" for engine, sites in world.down.items() for site in sites}
    said = keeper.said
    keeper.say(
        state="ready",
        doing="standing",
        ready_seconds=said.ready_seconds or time.time() - said.began,
        sites=world.ring.sites,
        primary=world.databases.primary,
        down=tuple(sorted(down)),
        cuts=world.cuts,
        entrances=world.front.entrances if world.front else (),
        ca_file=world.ca_file,
        secret_file=world.secret_file,
    )


async def _take_orders(state: Path, desk: Desk, say_it_stands: Callable[[], None]) -> None:
    """Until it is cancelled. An order whose asker leaves is given up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        work = asyncio.ensure_future(_answer(await reader.readline(), desk, writer))
        leaving = asyncio.ensure_future(reader.read())
        await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in (work, leaving):
            task.cancel()
        await asyncio.gather(work, leaving, return_exceptions=True)
        say_it_stands()
        writer.close()

    path = socket_file(state)
    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(answer, path)
    path.chmod(0o600)
    try:
        say_it_stands()
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
