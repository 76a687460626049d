"""The process that keeps a room between commands: boots it, watches it, ends it when told to.

It boots the main site. The branches come and go with the Clusters in the main site's cluster.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path

from infra.plan.values import SitePlan
from processes.supervisor import Supervisor
from province.sites import Role
from rehearsal.clusters import definitions
from rehearsal.clusters.provider import ClusterProvider
from rehearsal.keeper import Keeper
from rehearsal.machine_room.commands import PROGRAMS
from rehearsal.machine_room.room import MachineRoom
from rehearsal.machine_room.status import (
    RoomStatus,
    log_file,
    room_folder,
    sites_folder,
    status_file,
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
    names = tuple(plan.site for plan in order.plans)
    first = RoomStatus.mine(planned=len(names), room_for=names)
    keeper = Keeper(status_file(order.state), first, log_file(order.state))
    await keeper.keep(room_folder(order.state), partial(_keep, order, keeper))


async def _keep(order: ServeOrder, keeper: Keeper[RoomStatus], supervisor: Supervisor) -> None:
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
            _show(keeper, {site.site: site.kubeconfig for site in room.standing()})
            room.require_alive()
            provider.require_running()
            await asyncio.sleep(_WATCH_SECONDS)
    finally:
        await provider.stop()
        await room.stop()
        keeper.say(sites={})


def _show(keeper: Keeper[RoomStatus], kubeconfigs: Mapping[str, Path]) -> None:
    """The sites that stand; the main site is among them, so clusters may be asked for."""
    if kubeconfigs != keeper.said.sites:
        keeper.say(sites=kubeconfigs, state="ready")
