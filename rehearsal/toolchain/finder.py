"""Finds tools that are there already: on PATH or in the cache, run once, of a good version."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from processes.supervisor import Supervisor
from rehearsal.toolchain.cache import Cache, CorruptEntryError, Manifest, sha256_of
from rehearsal.toolchain.go import Go
from rehearsal.toolchain.keys import build_key, release_key, release_of, source_key
from rehearsal.toolchain.pins import DebianTool, GoTool, Pin
from rehearsal.toolchain.programs import SilentProgramError, ask_version, find_program, starts
from rehearsal.toolchain.values import Binary

Notice = Callable[[str], None]
"""Told whatever was found and not used, and why."""


class Finder:
    """Looks, and changes nothing but cache entries that turn out to be spoilt: those it drops."""

    def __init__(self, cache: Cache, supervisor: Supervisor, go: Go, sources: Path) -> None:
        self._cache = cache
        self._supervisor = supervisor
        self._go = go
        self._sources = sources

    async def find(self, pin: Pin, notice: Notice) -> Binary | None:
        """The tool on PATH, else in the cache, else None."""
        started = time.monotonic()
        return await self._on_path(pin, started, notice) or await self._cached(pin, started, notice)

    async def _on_path(self, pin: Pin, started: float, notice: Notice) -> Binary | None:
        path = find_program(pin.name, pin.folder if isinstance(pin, DebianTool) else None)
        if path is None:
            return None
        try:
            version = await ask_version(path, pin.question, self._supervisor)
        except SilentProgramError as error:
            notice(f"{path} is not used: {error}")
            return None
        if version not in pin.acceptable:
            notice(f"{path} is not used: it is {version}, wanted is {pin.acceptable}")
            return None
        return Binary(
            name=pin.name,
            version=version,
            path=path,
            origin="path",
            sha256=await asyncio.to_thread(sha256_of, path),
            seconds=time.monotonic() - started,
        )

    async def _cached(self, pin: Pin, started: float, notice: Notice) -> Binary | None:
        if not isinstance(pin, GoTool):
            return None
        for key in await self._keys(pin):
            try:
                found = await asyncio.to_thread(self._cache.find, key, pin.name)
                if found is not None:
                    return await self._checked(pin, *found, started)
            except (CorruptEntryError, SilentProgramError) as error:
                notice(f"the cached {pin.name} is made again: {error}")
                self._cache.remove(key, pin.name)
        return None

    async def _keys(self, pin: GoTool) -> tuple[str, ...]:
        """A build by any version of Go does where there is no Go to make another."""
        release = release_of(pin)
        version = await self._go.version()
        built = (
            build_key(pin, self._sources, version)
            if version
            else self._cache.find_prefix(source_key(pin, self._sources), pin.name)
        )
        return tuple(key for key in (release and release_key(release), built) if key)

    async def _checked(self, pin: GoTool, path: Path, manifest: Manifest, started: float) -> Binary:
        await require_sound(path, pin, manifest.origin, self._supervisor)
        return Binary(
            name=pin.name,
            version=manifest.version,
            path=path,
            origin="cache",
            sha256=manifest.sha256,
            seconds=time.monotonic() - started,
        )


async def require_sound(path: Path, pin: GoTool, origin: str, supervisor: Supervisor) -> None:
    """Raises SilentProgramError unless the program runs and is of the pinned version.

    A release is what its SHA-256 says (not every official program can be asked for its version),
    so it only has to run.
    """
    if origin == "release":
        if not await starts(path, supervisor):
            raise SilentProgramError(f"{path} does not run")
        return
    version = await ask_version(path, pin.question, supervisor)
    if version != pin.version:
        raise SilentProgramError(f"{path} says it is {version}, not {pin.version}")
