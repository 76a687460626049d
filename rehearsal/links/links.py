"""The links themselves: made, cut, healed, removed. Everything is done by `ip`, as root."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from processes.supervisor import Command, Supervisor
from rehearsal.debian import command_for
from rehearsal.links.errors import LinksError
from rehearsal.links.standing import Notes
from rehearsal.links.wiring import MACHINE, Wiring
from rehearsal.place import Place

_WITHOUT = "./suyun data start --no-links puts all sites into one network, where no link can be cut"


class Links:
    """The networks of those sites. One of a name at a time on a machine."""

    def __init__(
        self, folder: Path, supervisor: Supervisor, wiring: Wiring, notes: Notes | None = None
    ) -> None:
        self.wiring = wiring
        self._folder = folder.absolute()
        self._supervisor = supervisor
        self._notes = notes or Notes(wiring.name)
        self._cut: set[frozenset[str]] = set()

    @property
    def places(self) -> tuple[Place, ...]:
        """Where each site's servers are started."""
        return tuple(
            Place(
                site=site,
                address=str(self.wiring.address(site)),
                prefix=("ip", "netns", "exec", self.wiring.namespace(site)),
            )
            for site in self.wiring.sites
        )

    @property
    def cuts(self) -> tuple[tuple[str, str], ...]:
        """The links that are cut, in alphabetical order."""
        return tuple(sorted((min(ends), max(ends)) for ends in self._cut))

    async def start(self) -> None:
        """Makes all of them, after removing what a killed run left. Raises LinksError."""
        require_possible()
        self._notes.take()
        try:
            await self._remove()
            self._notes.write(self.wiring)
            await self._ip(self.wiring.making())
            for end in self.wiring.ends:
                await self._ip(self.wiring.setting_up(end), end)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Removes all of them."""
        try:
            await self._remove()
            self._cut.clear()
        finally:
            self._notes.let_go()

    async def remove_left(self) -> None:
        """Removes what a killed run left, unless a run of another's stands. Raises LinksError."""
        self._notes.take()
        await self.stop()

    async def cut(self, first: str, second: str) -> None:
        """From now on nothing arrives, either way. Raises LinksError when there is no such link."""
        self.wiring.require(first, second)
        await self._ip(self.wiring.cutting(first, second), first)
        await self._ip(self.wiring.cutting(second, first), second)
        self._cut.add(frozenset((first, second)))

    async def heal(self, first: str, second: str) -> None:
        """The link works again; harmless when it does. Raises LinksError as `cut` does."""
        self.wiring.require(first, second)
        if frozenset((first, second)) not in self._cut:
            return
        await self._ip(self.wiring.healing(first, second), first)
        await self._ip(self.wiring.healing(second, first), second)
        self._cut.discard(frozenset((first, second)))

    async def _remove(self) -> None:
        for kind, name in self._notes.left():
            await self._ip(f"{kind} delete {name}\n")
        self._notes.forget()

    async def _ip(self, batch: str, end: str = MACHINE) -> None:
        """Runs those lines in the end's network. Raises LinksError with `ip`'s own words."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file, log = self._folder / "batch", self._folder / "ip.log"
        file.write_text(batch, "utf-8")
        log.unlink(missing_ok=True)
        inside = () if end == MACHINE else ("-netns", self.wiring.namespace(end))
        argv = ("ip", *inside, "-batch", str(file))
        if await self._supervisor.run(Command(name="ip", argv=argv, log=log)) != 0:
            said = " ".join(log.read_text("utf-8", errors="replace").split())
            raise LinksError(f"the links cannot be made: {said}", _WITHOUT)


def require_possible() -> None:
    """Raises LinksError where this machine gives us no networks of our own."""
    if os.geteuid() != 0:
        raise LinksError("networks of our own need root", f"run it as root, or: {_WITHOUT}")
    if shutil.which("ip") is None:
        raise LinksError("the program ip is missing", f"{command_for('iproute2')}, or: {_WITHOUT}")
