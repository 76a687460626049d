"""The process that keeps a room between commands: boots it, watches it, ends it when told to."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from evidence.records import BootRecord
from infra.plan.values import SitePlan
from processes.supervisor import Supervisor
from rehearsal.machine_room.commands import PROGRAMS
from rehearsal.machine_room.room import MachineRoom
from rehearsal.machine_room.status import (
    RoomStatus,
    forget_status,
    log_file,
    new_status,
    room_folder,
    sites_folder,
    write_status,
)
from rehearsal.toolchain.pins import CRDS
from rehearsal.toolchain.toolchain import Toolchain

ASSETS = (*CRDS, "kwok-stages")
_WATCH_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ServeOrder:
    """Which sites to keep standing, in which state folder, with the tools of which cache."""

    state: Path
    cache: Path
    plans: Sequence[SitePlan]
    network: IPv4Network


async def serve(order: ServeOrder) -> None:
    """Keeps the room until SIGTERM, SIGINT or SIGHUP, then ends it and forgets it.

    Raises OwnerBusyError when another room stands; any other failure is first written into the
    status, with cause and hint.
    """
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine always runs in a task
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(signum, task.cancel)
    async with Supervisor(room_folder(order.state)) as supervisor:
        status = _Said(order)
        try:
            await _keep(order, supervisor, status)
        except asyncio.CancelledError:
            status.forget = True
        except Exception as error:
            status.fail(error)
            raise
    if status.forget:
        forget_status(order.state)


class _Said:
    """The status as it was written last."""

    def __init__(self, order: ServeOrder) -> None:
        self._state = order.state
        self._status = new_status(len(order.plans))
        self.forget = False
        write_status(self._state, self._status)

    def ready(self, kubeconfigs: dict[str, Path]) -> None:
        done = len(kubeconfigs) == self._status.planned
        self._write(sites=kubeconfigs, state="ready" if done else "booting")

    def fail(self, error: Exception) -> None:
        cause = getattr(error, "cause", None) or f"{type(error).__name__}: {error}"
        hint = getattr(error, "hint", None) or f"see {log_file(self._state)}"
        self._write(sites={}, state="failed", cause=cause, hint=hint)

    def _write(self, **changes: object) -> None:
        changed = {**self._status.model_dump(), **changes}
        self._status = RoomStatus.model_validate(changed)
        write_status(self._state, self._status)


async def _keep(order: ServeOrder, supervisor: Supervisor, status: _Said) -> None:
    toolchain = Toolchain(order.cache, supervisor)
    binaries = await toolchain.ensure(PROGRAMS, lambda _: None)
    assets = await toolchain.assets(ASSETS)
    room = MachineRoom(
        sites_folder(order.state),
        supervisor,
        {name: binary.path for name, binary in binaries.items()},
        stages=assets["kwok-stages"],
        crds=tuple(assets[name] for name in CRDS),
        network=order.network,
    )
    ready: dict[str, Path] = {}

    def on_ready(record: BootRecord) -> None:
        ready[record.site] = room.kubeconfig(record.site)
        status.ready(ready)

    await room.boot(order.plans, on_ready)
    try:
        while True:
            room.require_alive()
            await asyncio.sleep(_WATCH_SECONDS)
    finally:
        await room.stop()
