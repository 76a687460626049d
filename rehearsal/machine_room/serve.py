"""The process that keeps a room between commands: boots it, watches it, ends it when told to.

It boots the main site. The branches come and go with the Clusters in the main site's cluster.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from infra.plan.values import SitePlan
from processes.supervisor import Supervisor
from province.sites import Role
from rehearsal.clusters import definitions
from rehearsal.clusters.provider import ClusterProvider
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
from rehearsal.toolchain.pins import CRDS, MANAGEMENT_CRDS
from rehearsal.toolchain.toolchain import Toolchain

ASSETS = (*CRDS, *MANAGEMENT_CRDS, "kwok-stages")
_WATCH_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ServeOrder:
    """Which sites there is room for, in which state folder, with the tools of which cache."""

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
        names = tuple(plan.site for plan in order.plans)
        self._status = new_status(len(names)).model_copy(update={"room_for": names})
        self.forget = False
        write_status(self._state, self._status)

    def show(self, kubeconfigs: dict[str, Path]) -> None:
        """The sites that stand; the main site is among them, so clusters may be asked for."""
        if kubeconfigs != self._status.sites:
            self._write(sites=kubeconfigs, state="ready")

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
    main = next(plan.site for plan in order.plans if plan.role is Role.MAIN)
    provider = ClusterProvider(room, main, lambda _: None)
    try:
        await room.open(order.plans, definitions.management_folders(assets))
        await room.boot_site(main)
        provider.start()
        while True:
            status.show({site.site: site.kubeconfig for site in room.standing()})
            room.require_alive()
            provider.require_running()
            await asyncio.sleep(_WATCH_SECONDS)
    finally:
        await provider.stop()
        await room.stop()
