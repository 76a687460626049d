"""Makes tools that are not there: from an official release, or from their Go module."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from processes.supervisor import Supervisor
from rehearsal.toolchain.cache import Cache
from rehearsal.toolchain.errors import ToolchainError
from rehearsal.toolchain.finder import Notice, require_sound
from rehearsal.toolchain.go import Go, copy_sources
from rehearsal.toolchain.keys import build_key, release_key, release_of
from rehearsal.toolchain.pins import GoTool
from rehearsal.toolchain.programs import SilentProgramError
from rehearsal.toolchain.releases import ReleaseUnavailableError, fetch
from rehearsal.toolchain.values import Binary, Origin


class Maker:
    """Makes one tool at a time; what is whole and sound goes into the cache."""

    def __init__(self, cache: Cache, supervisor: Supervisor, go: Go, sources: Path) -> None:
        self._cache = cache
        self._supervisor = supervisor
        self._go = go
        self._sources = sources

    async def from_release(self, pin: GoTool, notice: Notice) -> Binary | None:
        """The tool from its official release; None when none is pinned or it cannot be had."""
        release = release_of(pin)
        if release is None:
            return None
        started = time.monotonic()
        work = self._cache.staging(pin.name)
        try:
            made = await fetch(release, work, pin.name)
            return await self._kept(pin, release_key(release), made, "release", started)
        except (ReleaseUnavailableError, SilentProgramError) as error:
            notice(f"{error}: {pin.name} is built from its Go module")
            return None

    async def from_module(self, pin: GoTool) -> Binary:
        """The tool built from its Go module. Raises ToolchainError, with the reason."""
        started = time.monotonic()
        await self._go.require(pin.name)
        version = await self._go.version()
        work = self._cache.staging(pin.name)
        copy_sources(self._sources / pin.folder, work)
        made = await self._go.build(pin, work)
        key = build_key(pin, self._sources, version or "")
        try:
            return await self._kept(pin, key, made, "built", started)
        except SilentProgramError as error:
            raise ToolchainError(
                f"{pin.name} was built, but is no good: {error}",
                f"go clean -cache, then start again; the sources are {self._sources / pin.folder}",
            ) from error

    async def download(self, pin: GoTool) -> None:
        """Downloads what a build of the tool will read."""
        work = self._cache.staging(f"{pin.name}-modules")
        copy_sources(self._sources / pin.folder, work)
        await self._go.download(pin, work)

    async def _kept(
        self, pin: GoTool, key: str, made: Path, origin: Origin, started: float
    ) -> Binary:
        await require_sound(made, pin, origin, self._supervisor)
        path, manifest = await asyncio.to_thread(self._cache.put, key, made, pin.version, origin)
        return Binary(
            name=pin.name,
            version=pin.version,
            path=path,
            origin=origin,
            sha256=manifest.sha256,
            seconds=time.monotonic() - started,
        )
