"""Finds, fetches or builds each tool of a rehearsal.

The order for a tool: one on PATH of a good version; the cache; the official release, where its
SHA-256 is pinned and it can be reached; a build from its Go module. Builds run one after another:
`go build` alone keeps both of two cores 95 % busy (322 CPU seconds in 169 for kube-apiserver), so
two at once would gain nothing; only the next tool's modules are downloaded meanwhile.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from processes.supervisor import Supervisor
from rehearsal.debian import Packages, command_for, may_install
from rehearsal.toolchain.assets import AssetStore
from rehearsal.toolchain.cache import Cache
from rehearsal.toolchain.errors import ToolchainError
from rehearsal.toolchain.finder import Finder
from rehearsal.toolchain.go import Go
from rehearsal.toolchain.maker import Maker
from rehearsal.toolchain.pins import ASSETS, PINS, Asset, DebianTool, GoTool, Pin
from rehearsal.toolchain.telling import OnProgress, Telling, ticking
from rehearsal.toolchain.values import Binary, ToolState, ToolStatus

SOURCES = Path(__file__).resolve().parent.parent.parent / "tools"
"""One small Go module for each tool that has to be built."""


class Toolchain:
    """The tools of one owner of processes, kept in one cache (which owners may share)."""

    def __init__(
        self,
        cache: Path,
        supervisor: Supervisor,
        *,
        pins: Mapping[str, Pin] = PINS,
        assets: Mapping[str, Asset] = ASSETS,
        sources: Path = SOURCES,
    ) -> None:
        self._cache = Cache(cache)
        self._pins = pins
        go = Go(supervisor)
        self._go = go
        self._finder = Finder(self._cache, supervisor, go, sources)
        self._maker = Maker(self._cache, supervisor, go, sources)
        self._assets = AssetStore(self._cache, go, assets, sources)
        self._packages = Packages(supervisor)

    async def ensure(self, names: Sequence[str], on_progress: OnProgress) -> Mapping[str, Binary]:
        """Those tools, each run once and of a good version, making whatever is missing.

        Raises ToolchainError (with cause and hint) when one cannot be had. A cancelled or killed
        call leaves the cache whole, and the next one goes on where it was.
        """
        telling = Telling(on_progress)
        found = await self._present(names, telling)
        missing = [pin for name, pin in self._pins.items() if name in names and name not in found]
        if missing:
            found |= await self._make(missing, telling)
        telling.all_there(len(names))
        return {name: found[name] for name in names}

    async def assets(self, names: Sequence[str]) -> Mapping[str, Path]:
        """Those folders of manifests, from the cache or out of their Go modules."""
        return {name: await self._assets.folder(name) for name in names}

    async def survey(self) -> tuple[ToolStatus, ...]:
        """Where each tool stands; nothing is built, downloaded or installed."""
        return tuple(await asyncio.gather(*(self._status(pin) for pin in self._pins.values())))

    async def _present(self, names: Sequence[str], telling: Telling) -> dict[str, Binary]:
        telling.say(f"looking for {len(names)} tools")
        pins = [self._pins[name] for name in names]
        notice = telling.notice
        looks = [asyncio.ensure_future(self._finder.find(pin, notice)) for pin in pins]
        try:
            found = await asyncio.gather(*looks)
        finally:
            # One look that failed ends the others, before they take their end for a broken tool.
            for look in looks:
                look.cancel()
        return {binary.name: binary for binary in found if binary is not None}

    async def _make(self, missing: Sequence[Pin], telling: Telling) -> dict[str, Binary]:
        """What only a person can mend is found out first, not after a quarter of an hour."""
        builds = [pin for pin in missing if isinstance(pin, GoTool)]
        packages = (pin.package for pin in missing if isinstance(pin, DebianTool))
        self._packages.require_leave(tuple(dict.fromkeys(packages)))
        made: dict[str, Binary] = {}
        for pin in missing:
            if isinstance(pin, DebianTool):
                made[pin.name] = await self._installed(pin, telling)
        telling.expect({pin.name: pin.seconds for pin in builds})
        if builds:
            async with self._cache.lock(lambda: telling.say("another suyun is making them")):
                for number, pin in enumerate(builds):
                    following = builds[number + 1] if pin is not builds[-1] else None
                    made[pin.name] = await self._one(pin, following, telling)
        return made

    async def _installed(self, pin: DebianTool, telling: Telling) -> Binary:
        binary = await self._finder.find(pin, _silently)
        if binary is not None:  # the package came for another tool of it
            return dataclasses.replace(binary, origin="debian")
        telling.say(f"installing the package {pin.package}", pin.name)
        await self._packages.install(pin.package)
        binary = await self._finder.find(pin, telling.notice)
        if binary is None:
            raise ToolchainError(
                f"{pin.name} of the package {pin.package} is not {pin.acceptable}",
                f"put one that is on PATH; {command_for(pin.package)} gave another",
            )
        return dataclasses.replace(binary, origin="debian")

    async def _one(self, pin: GoTool, following: GoTool | None, telling: Telling) -> Binary:
        """One tool made, unless whoever held the lock before us has made it already."""
        with telling.making(pin) as tick:
            found = await self._finder.find(pin, _silently)
            if found is None:
                found = await self._maker.from_release(pin, telling.notice)
            if found is None:
                found = await ticking(self._built(pin, following), tick)
            return found

    async def _built(self, pin: GoTool, following: GoTool | None) -> Binary:
        prefetch = asyncio.ensure_future(self._prefetched(following))
        try:
            return await self._maker.from_module(pin)
        finally:
            prefetch.cancel()
            await asyncio.gather(prefetch, return_exceptions=True)

    async def _prefetched(self, pin: GoTool | None) -> None:
        if pin is not None:
            with suppress(ToolchainError):  # the build itself will say what is wrong
                await self._maker.download(pin)

    async def _status(self, pin: Pin) -> ToolStatus:
        remarks: list[str] = []
        found = await self._finder.find(pin, remarks.append)
        if found is not None:
            state = ToolState.CACHED if found.origin == "cache" else ToolState.FOUND
            return _status(pin, state, remarks, found)
        if isinstance(pin, DebianTool):
            state = ToolState.TO_INSTALL if may_install() else ToolState.MISSING
            return _status(pin, state, [*remarks, command_for(pin.package)])
        try:
            await self._go.require(pin.name)
        except ToolchainError as error:
            return _status(pin, ToolState.MISSING, [*remarks, error.hint])
        expected = f"about {pin.seconds:.0f} s on 2 cores"
        return _status(pin, ToolState.TO_BUILD, [*remarks, expected])


def _status(
    pin: Pin, state: ToolState, remarks: Sequence[str], found: Binary | None = None
) -> ToolStatus:
    return ToolStatus(
        name=pin.name,
        wanted=pin.version,
        state=state,
        version=found.version if found else None,
        path=found.path if found else None,
        detail="; ".join(remarks),
    )


def _silently(_: str) -> None:
    """What was found and not used was told before."""
