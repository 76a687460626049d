"""One site's Ceph: a monitor and a disk, made out of nothing, started, ended, killed.

The disk is BlueStore on a sparse file. Of the stores that Ceph has, it is the one that production
uses, and what it has acknowledged is on the file: a site that was killed comes back with it.
Memstore starts a second sooner and comes back empty.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from infra.plan.object_store import ZonePlan
from processes.errors import ProcessError
from processes.supervisor import Command, Running, Supervisor
from rehearsal.objects.config import ADMIN, DISK, MONITOR, SiteSettings, render
from rehearsal.objects.errors import ObjectStoreError
from rehearsal.objects.keyring import CephKey, write_keyring
from rehearsal.objects.layout import MONITOR_PORT, gateway_entity
from rehearsal.objects.programs import trusting

_MONITORS = "mon."
_MAY = {
    _MONITORS: {"mon": "allow *"},
    ADMIN: {"mon": "allow *", "osd": "allow *"},
    DISK: {"mon": "allow profile osd", "osd": "allow *"},
}
_GATEWAY_MAY = {"mon": "allow rw", "osd": "allow rwx"}
_DEAF = "--rgw_run_sync_thread=false"
"""A gateway that is started so answers as ever, and fetches nothing from other zones."""


class Cluster:
    """The daemons of one site: its monitor and disk, and the gateways in front of them."""

    def __init__(
        self, settings: SiteSettings, programs: Mapping[str, Path], supervisor: Supervisor
    ) -> None:
        self.settings = settings
        self.layout = settings.layout
        self._programs = programs
        self._supervisor = supervisor
        self._running: dict[str, Running] = {}

    @property
    def site(self) -> str:
        """Where it is."""
        return self.layout.place.site

    def has_gateway(self, zone: ZonePlan) -> bool:
        """Whether the gateway of one of its zones lives."""
        running = self._running.get(gateway_entity(zone))
        return running is not None and running.exit_code is None

    async def make(self) -> None:
        """An empty cluster in place of whatever was there. Raises ObjectStoreError."""
        layout = self.layout
        shutil.rmtree(layout.folder, ignore_errors=True)
        for folder in (layout.monitor_data, layout.disk, layout.trusted):
            folder.mkdir(parents=True, mode=0o700)
        layout.keyring(ADMIN).parent.mkdir(mode=0o700)
        layout.config.write_text(render(self.settings), "utf-8")
        self._make_keys()
        await self._make_maps()
        mkfs = ("--mkfs", "--no-mon-config")
        await self._run("ceph-osd", *self._options, *mkfs, "-i", "0", f"--osd-uuid={uuid4()}")

    def trust(self, ca_file: Path) -> None:
        """Its programs trust that authority."""
        shutil.copy(ca_file, self.layout.trusted / "ca.pem")

    async def boot(self) -> None:
        """Starts the monitor and the disk; whoever asks them for something waits until they can.

        Raises ObjectStoreError, or ProcessError when an address is taken.
        """
        self.layout.place.require_free(MONITOR_PORT)
        for entity, program in ((MONITOR, "ceph-mon"), (DISK, "ceph-osd")):
            number = entity.partition(".")[2]
            path = self._program(program)
            argv = (str(path), *self._options, "-f", "-i", number)
            await self._start(entity, (*self.layout.place.prefix, *argv))

    async def start_gateway(self, zone: ZonePlan, *, is_deaf: bool = False) -> None:
        """Starts the gateway of one of its zones; a deaf one does not follow its zonegroup."""
        self.layout.place.require_free(self.layout.port(zone))
        entity = gateway_entity(zone)
        options = (*self._options, "-f", f"--name={entity}", *((_DEAF,) if is_deaf else ()))
        await self._start(entity, trusting(self.layout, self._program("radosgw"), *options))

    async def stop_gateway(self, zone: ZonePlan) -> None:
        """Ends the gateway of one of its zones, in order."""
        await self._end(gateway_entity(zone))

    async def stop(self) -> None:
        """Ends all, the gateways first and the monitor last."""
        for entity in (*[name for name in self._running if name not in {DISK, MONITOR}], DISK):
            await self._end(entity)
        await self._end(MONITOR)

    async def kill(self) -> None:
        """SIGKILL to everything at the site, before anything can tell anybody of it."""
        await self._kill(tuple(self._running))

    async def kill_gateways(self) -> None:
        """The same to its gateways alone; its disk stays."""
        await self._kill([entity for entity in self._running if entity not in {DISK, MONITOR}])

    async def _kill(self, entities: Sequence[str]) -> None:
        for entity in entities:
            self._running[entity].kill()
        for entity in entities:
            await self._end(entity)

    def require_alive(self) -> None:
        """Raises ObjectStoreError when a program has ended that nobody has ended."""
        for entity, running in self._running.items():
            if running.exit_code is not None:
                raise ObjectStoreError(
                    f"{entity} at {self.site} ended with status {running.exit_code}: "
                    f"{running.log_tail(1)}",
                    f"see {running.command.log} and what lies beside it",
                )

    @property
    def _options(self) -> tuple[str, ...]:
        return (f"--conf={self.layout.config}",)

    def _make_keys(self) -> None:
        """A key for each program; the monitor gets to know all of them when it is made."""
        gateways = {gateway_entity(zone): _GATEWAY_MAY for zone in self.layout.zones}
        keys = {name: CephKey(may=may) for name, may in {**_MAY, **gateways}.items()}
        write_keyring(self.layout.keyring(MONITOR), keys)
        for name, key in keys.items():
            if name != _MONITORS:
                write_keyring(self.layout.keyring(name), {name: key})

    async def _make_maps(self) -> None:
        """The monitor's first maps: itself, and a disk that is expected."""
        layout, settings = self.layout, self.settings
        monitors, disks = layout.folder / "monmap", layout.folder / "osdmap"
        address = f"[v2:{layout.place.address}:{MONITOR_PORT}]"
        fsid = f"--fsid={settings.cluster}"
        await self._run("monmaptool", "--create", fsid, "--addv", "a", address, str(monitors))
        await self._run("osdmaptool", *self._options, "--createsimple", "1", str(disks))
        maps = (f"--monmap={monitors}", f"--osdmap={disks}")
        keys = f"--keyring={layout.keyring(MONITOR)}"
        await self._run("ceph-mon", *self._options, "--mkfs", "-i", "a", *maps, keys)

    async def _run(self, program: str, *arguments: str) -> None:
        command = Command(
            name=f"{program} of {self.site}",
            argv=(*self.layout.place.prefix, str(self._program(program)), *arguments),
            log=self.layout.log(f"{program}-made"),
        )
        status = await self._supervisor.run(command)
        if status != 0:
            said = command.log.read_text("utf-8", errors="replace").strip().splitlines()
            raise ObjectStoreError(
                f"{program} failed at {self.site}: {said[-1] if said else 'it says nothing'}",
                f"see {command.log}",
            )

    def _program(self, name: str) -> Path:
        return self._programs[name]

    async def _start(self, entity: str, argv: tuple[str, ...]) -> None:
        command = Command(name=f"{entity} at {self.site}", argv=argv, log=self.layout.log(entity))
        try:
            self._running[entity] = await self._supervisor.start(command)
        except ProcessError as error:
            raise ObjectStoreError(error.cause, error.hint) from error

    async def _end(self, entity: str) -> None:
        running = self._running.pop(entity, None)
        if running is not None:
            await self._supervisor.stop(running)
