"""What befalls a site's disk beneath its object store: it fills up, or bytes on it change.

Both are done with Ceph's own programs at the site, as its administrator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.plan.object_store import ZonePlan
from processes.supervisor import Command, Supervisor
from province.storage import RESOURCES
from rehearsal.data.content import OBJECT_BYTES, content
from rehearsal.data.errors import DataError
from rehearsal.place import Place

RATIOS: Mapping[str, float] = {"nearfull": 0.85, "backfillfull": 0.90, "full": 0.95}
"""Ceph's own, in which the disks of production are planned too."""
_VERSION = "__:"
_NOTHING = 0.0001
"""A disk that may hold so much of itself is full with whatever is on it."""


def pieces_of(names: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Of the names on a disk those with the bytes of these objects. Pure.

    A name is the bucket's number, the version where there are versions, and the key. Of an object
    with versions there is one piece more, which only says which version is the present one.
    """
    found = [name for name in names if name.endswith(tuple(f"_{key}" for key in keys))]
    versions = [name for name in found if _VERSION in name]
    versioned = {_bucket_and_key(name) for name in versions}
    return versions + [name for name in found if name not in versions and name not in versioned]


def _bucket_and_key(name: str) -> str:
    bucket, _, rest = name.partition(_VERSION)
    return f"{bucket}_{rest.partition('_')[2]}"


class Beneath:
    """One site's disk."""

    def __init__(self, folder: Path, place: Place, supervisor: Supervisor) -> None:
        """`folder` is that of the site's Ceph, with its `ceph.conf`."""
        self._folder = folder
        self._place = place
        self._supervisor = supervisor

    async def fill(self) -> None:
        """From now on the disk counts as full. Raises DataError."""
        for name in RATIOS:
            await self._ceph("osd", f"set-{name}-ratio", str(_NOTHING))

    async def free(self) -> None:
        """It has room again. Raises DataError."""
        for name, ratio in reversed(tuple(RATIOS.items())):
            await self._ceph("osd", f"set-{name}-ratio", str(ratio))

    async def corrupt(self, zone: ZonePlan, keys: Sequence[str]) -> int:
        """Changes the bytes of those objects that the zone has. Returns how many that were."""
        names = pieces_of(await self._rados(zone, "ls"), keys)
        for name in names:
            await self.put(zone, name, content(f"rotten/{name}", OBJECT_BYTES))
        return len(names)

    async def mend(self, zone: ZonePlan, key: str, body: bytes) -> None:
        """Puts the right bytes beneath that object, of which there is one version."""
        for name in pieces_of(await self._rados(zone, "ls"), [key]):
            await self.put(zone, name, body)

    async def put(self, zone: ZonePlan, name: str, body: bytes) -> None:
        """Replaces the bytes under that name; what the store notes beside them stays."""
        file = self._folder / "piece"
        file.write_bytes(body)
        try:
            await self._rados(zone, "put", name, str(file))
        finally:
            file.unlink()

    async def _rados(self, zone: ZonePlan, *arguments: str) -> list[str]:
        where = (f"--pool={RESOURCES.name}", f"--namespace={zone.name}.data")
        return await self._run("rados", *where, *arguments)

    async def _ceph(self, *arguments: str) -> list[str]:
        return await self._run("ceph", *arguments)

    async def _run(self, program: str, *arguments: str) -> list[str]:
        """The lines that it says. Raises DataError with its last words."""
        lines: list[str] = []
        options = (f"--conf={self._folder / 'ceph.conf'}", "--name=client.admin")
        command = Command(
            name=f"{self._place.site}: {program}",
            argv=(*self._place.prefix, program, *options, *arguments),
            log=self._folder / "logs" / f"{program}.log",
        )
        if await self._supervisor.run(command, lines.append) != 0:
            said = command.log.read_text("utf-8", errors="replace").splitlines()[-1:]
            raise DataError(
                f"{program} {arguments[0]} failed at {self._place.site}: {' '.join(said)}",
                f"see {command.log}",
            )
        return lines
