"""radosgw-admin at one site: asked, and its answer read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from processes.files import write_private
from processes.supervisor import Command, Supervisor
from rehearsal.objects.access import Keys
from rehearsal.objects.config import ADMIN
from rehearsal.objects.errors import ObjectStoreError
from rehearsal.objects.layout import StoreLayout
from rehearsal.objects.programs import trusting

_ANSWER_SECONDS = 60.0


class Admin:
    """Speaks for one site's cluster."""

    def __init__(self, layout: StoreLayout, program: Path, supervisor: Supervisor) -> None:
        self._layout = layout
        self._program = program
        self._supervisor = supervisor

    async def ask(
        self, *arguments: str, keys: Keys | None = None, seconds: float = _ANSWER_SECONDS
    ) -> Any:  # noqa: ANN401 - JSON
        """Its answer to a command. Keys go in the environment, where no list of processes has them.

        Raises ObjectStoreError with its own words when it fails or takes too long.
        """
        lines: list[str] = []
        command = self._command(arguments, keys)
        command.log.unlink(missing_ok=True)
        try:
            async with asyncio.timeout(seconds):
                status = await self._supervisor.run(command, lines.append)
        except TimeoutError as error:
            raise self._failed(arguments, f"no answer in {seconds:.0f} s", command.log) from error
        if status != 0:
            raise self._failed(arguments, _last_words(command.log), command.log)
        text = "\n".join(lines)
        return json.loads(text) if text.strip() else None

    async def put(self, kind: str, text: str, *arguments: str) -> None:
        """Sets a zonegroup or zone to what the text says. Raises ObjectStoreError."""
        file = self._layout.folder / f"{kind}.json"
        write_private(file, text.encode())
        try:
            await self.ask(kind, "set", f"--infile={file}", *arguments)
        finally:
            file.unlink()

    def _command(self, arguments: tuple[str, ...], keys: Keys | None) -> Command:
        options = (f"--conf={self._layout.config}", f"--name={ADMIN}")
        return Command(
            name=f"radosgw-admin of {self._layout.place.site}",
            argv=trusting(self._layout, self._program, *options, *arguments),
            log=self._layout.log("radosgw-admin"),
            env=_environment(keys),
        )

    def _failed(self, arguments: tuple[str, ...], words: str, log: Path) -> ObjectStoreError:
        asked = " ".join(argument for argument in arguments if not argument.startswith("--"))
        return ObjectStoreError(
            f"radosgw-admin {asked} failed at {self._layout.place.site}: {words}", f"see {log}"
        )


def _environment(keys: Keys | None) -> Mapping[str, str]:
    if keys is None:
        return {}
    return {"CEPH_ARGS": f"--access-key={keys.access_key} --secret-key={keys.secret_key}"}


def _last_words(log: Path) -> str:
    said = log.read_text("utf-8", errors="replace").strip().splitlines()
    return said[-1] if said else "it says nothing"
