"""The room: all sites' control planes, booted together, ended together."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path

from evidence.records import BootRecord
from infra.plan.values import SitePlan
from processes.ports import require_free
from processes.supervisor import ProcessError, Supervisor
from province.sites import Role
from rehearsal.machine_room.access import grant
from rehearsal.machine_room.api import Door
from rehearsal.machine_room.commands import KUEUE, PROGRAMS, ControlPlaneCommands
from rehearsal.machine_room.control_plane import ControlPlane, StartOrder
from rehearsal.machine_room.layout import API_PORT, NETWORK, SiteLayout, lay_out
from rehearsal.machine_room.memory import pss_mib
from rehearsal.machine_room.objects import Definition, kwok_configuration, read_definitions
from rehearsal.machine_room.queueing import QueueAssets, QueueSetups

_AT_ONCE = 4
"""Sites that boot at a time: all at once takes as long, and nothing is ready until the end."""
_DISK_MIB_PER_SITE = 200
"""etcd allocates 64 MiB of log ahead, twice; the rest is its data and the logs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StandingSite:
    """A site that is ready. `kubeconfig` (mode 0600) holds the administrator's certificate."""

    site: str
    kubeconfig: Path
    address: str
    record: BootRecord


class MachineRoom:
    """Boots and ends the control planes of many sites.

    `binaries` names each of `commands.PROGRAMS`; `stages` is KWOK's `kustomize/stage` folder;
    `crds` are folders of CustomResourceDefinitions, given to every site; site number i listens
    on the first address of the (i+1)-th /24 of `network`.
    """

    def __init__(
        self,
        folder: Path,
        supervisor: Supervisor,
        binaries: Mapping[str, Path],
        stages: Path,
        crds: Sequence[Path],
        network: IPv4Network = NETWORK,
    ) -> None:
        self._folder = folder.resolve()
        self._supervisor = supervisor
        self._binaries = binaries
        self._stages = stages
        self._crds = crds
        self._network = network
        self._sites: dict[str, SitePlan] = {}
        self._orders: dict[str, Callable[[], StartOrder]] = {}
        self._doors: dict[str, Door] = {}
        self._planes: dict[str, ControlPlane] = {}
        self._ready: dict[str, StandingSite] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def boot(
        self, plans: Sequence[SitePlan], on_ready: Callable[[BootRecord], None]
    ) -> tuple[StandingSite, ...]:
        """Boots all sites; `on_ready` is told of each as it becomes ready.

        Raises ProcessError when a port is held, the disk is nearly full, or a program fails; then,
        and when it is cancelled, everything that it had started has been ended.
        """
        await self.open(plans)
        try:
            return await self._boot_all(plans, on_ready)
        except BaseException:
            await self.stop()
            raise

    async def open(self, plans: Sequence[SitePlan], management: Sequence[Path] = ()) -> None:
        """Makes room for those sites without booting any.

        `management` are folders of Cluster API's definitions, which the main site is given as
        well. Raises ProcessError when a port is held or the disk is nearly full.
        """
        layouts = lay_out(self._folder, tuple(plan.site for plan in plans), self._network)
        require_free(address for layout in layouts for address in layout.listeners())
        self._prepare(len(plans))
        every = await asyncio.to_thread(read_definitions, self._crds)
        more = await asyncio.to_thread(read_definitions, management)
        for plan, layout in zip(plans, layouts, strict=True):
            given = every + (more if plan.role is Role.MAIN else ())
            self._sites[plan.site] = plan
            self._orders[plan.site] = partial(self._order, plan, layout, given, len(plans))

    async def boot_site(self, site: str, *, with_nodes: bool = True) -> StandingSite:
        """Boots one of the sites that the room was opened for; without nodes if they come later.

        Raises ProcessError when one of its programs fails; what was started stays for `end_site`.
        """
        order = self._orders[site]()
        if not with_nodes:
            order = dataclasses.replace(order, plan=dataclasses.replace(order.plan, nodes=()))
        layout = order.commands.layout
        self._doors[site] = _door(order.commands)
        async with self._turns:
            plane = ControlPlane(order, self._supervisor)
            self._planes[site] = plane
            record = await plane.boot()
        self._ready[site] = StandingSite(
            site=site, kubeconfig=layout.kubeconfig, address=layout.address, record=record
        )
        return self._ready[site]

    async def end_site(self, site: str) -> None:
        """Ends one site's programs, its data and its keys; harmless when it does not stand."""
        self._ready.pop(site, None)
        plane = self._planes.pop(site, None)
        if plane is not None:
            await plane.stop()
            await asyncio.to_thread(_forget, self._folder / site)

    def standing(self) -> tuple[StandingSite, ...]:
        """The sites that stand now."""
        return tuple(self._ready.values())

    def plan(self, site: str) -> SitePlan | None:
        """The plan of a site that the room was opened for."""
        return self._sites.get(site)

    def door(self, site: str) -> Door:
        """The administrator's way to the API server of a site that was booted."""
        return self._doors[site]

    def memory_mib(self, site: str) -> float:
        """What that site's programs hold; 0 when it does not stand."""
        plane = self._planes.get(site)
        return pss_mib(plane.pids()) if plane else 0.0

    async def start_queues(self, assets: QueueAssets, manager: str, workers: Sequence[str]) -> None:
        """Starts a queue controller at those sites; the manager may then send jobs to the workers.

        They run until `stop()`: what stands in queues is theirs to let go. Raises ProcessError.
        """
        if KUEUE not in self._binaries:
            raise ProcessError(f"no binary is given for {KUEUE}", "./suyun tools")
        setups = await asyncio.to_thread(QueueSetups.read, assets, self._folder / "kueue.json")
        ways = {site: self._planes[site].dispatch_kubeconfig.read_bytes() for site in workers}
        parts = {site: setups.of_worker() for site in workers} | {manager: setups.of_manager(ways)}
        try:
            async with asyncio.TaskGroup() as group:
                for site, setup in parts.items():
                    group.create_task(self._planes[site].start_queues(setup))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None  # one site's failure cancels the others

    def pids(self) -> tuple[int, ...]:
        """The process ids of all programs of the room."""
        return tuple(pid for plane in self._planes.values() for pid in plane.pids())

    def kubeconfig(self, site: str) -> Path:
        """Where that site's administrator kubeconfig is, once it is ready."""
        return self._folder / site / "kubeconfig"

    def require_alive(self) -> None:
        """Raises ProcessError when a program of any site has ended by itself."""
        for plane in self._planes.values():
            plane.require_alive()

    async def stop(self) -> None:
        """Ends all sites and removes their data and keys; their logs stay."""
        await asyncio.gather(*(plane.stop() for plane in self._planes.values()))
        self._planes.clear()
        self._ready.clear()
        for site in self._folder.glob("*/"):
            _forget(site)

    def _prepare(self, sites: int) -> None:
        """An empty folder with room enough, and KWOK's configuration in it."""
        missing = [name for name in PROGRAMS if name not in self._binaries]
        if missing:
            raise ProcessError(f"no binary is given for {', '.join(missing)}", "./suyun tools")
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, mode=0o700)
        free = shutil.disk_usage(self._folder).free // 2**20
        if free < sites * _DISK_MIB_PER_SITE:
            raise ProcessError(
                f"{sites} control planes need {sites * _DISK_MIB_PER_SITE} MiB of disk, "
                f"but {self._folder} has {free} MiB left",
                "free some disk space, or set SUYUN_STATE to a folder on another disk",
            )
        self._kwok_config.write_text(kwok_configuration(self._stages), "utf-8")

    @property
    def _kwok_config(self) -> Path:
        return self._folder / "kwok.yaml"

    def _order(
        self,
        plan: SitePlan,
        layout: SiteLayout,
        definitions: tuple[Definition, ...],
        sites: int,
    ) -> StartOrder:
        commands = ControlPlaneCommands(
            layout=layout,
            access=grant(layout, plan.addresses.services.ipv4),
            addresses=plan.addresses,
            binaries=self._binaries,
            kwok_config=self._kwok_config,
            go_threads=max(1, (os.cpu_count() or 1) // sites),
        )
        return StartOrder(plan=plan, commands=commands, definitions=definitions)

    async def _boot_all(
        self, plans: Sequence[SitePlan], on_ready: Callable[[BootRecord], None]
    ) -> tuple[StandingSite, ...]:
        async def boot(plan: SitePlan) -> StandingSite:
            standing = await self.boot_site(plan.site)
            on_ready(standing.record)
            return standing

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(boot(plan)) for plan in plans]
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None  # one site's failure cancels the others
        return tuple(task.result() for task in tasks)


def _door(commands: ControlPlaneCommands) -> Door:
    return Door(
        site=commands.layout.site,
        address=(commands.layout.address, API_PORT),
        authority=commands.access.authority,
        pair=commands.access.admin,
    )


def _forget(folder: Path) -> None:
    """Data and keys of a site; its logs stay."""
    for part in ("etcd", "pki"):
        shutil.rmtree(folder / part, ignore_errors=True)
    (folder / "kubeconfig").unlink(missing_ok=True)
