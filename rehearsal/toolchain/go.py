"""The Go command: which one there is, and what it downloads and builds for us.

Sources are copied out of the checkout first, so that a build never writes into it. Go's own
build cache makes an interrupted build go on where it was.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from processes.supervisor import Command, Supervisor
from rehearsal.toolchain.diagnosis import failed_build
from rehearsal.toolchain.errors import ToolchainError
from rehearsal.toolchain.pins import GoTool, Question, parse
from rehearsal.toolchain.programs import SilentProgramError, ask_version, find_program

NEWEST_WANTED = "1.24.7"
"""The newest Go that a go.mod in `tools/` asks for."""

OLDEST = "1.21.0"
"""From here on Go fetches the toolchain that a go.mod asks for, unless GOTOOLCHAIN forbids it."""

_USUAL_PLACE = Path("/usr/local/go/bin/go")
_ENV: Mapping[str, str] = {"GOFLAGS": "-mod=readonly", "GOWORK": "off", "GO111MODULE": "on"}
"""A user's own flags must not change what is built: they are not part of the cache's key.
(GOFLAGS may not be empty here, else Go takes the one that `go env -w` has stored.)"""

_SOURCES = ("go.mod", "go.sum", "main.go")
_BUILD_FLAGS = ("-trimpath", "-buildvcs=false", "-mod=readonly")


def source_parts(folder: Path, pin: GoTool) -> tuple[str | bytes, ...]:
    """Everything that decides what a build makes, but for the Go version and the platform."""
    contents = [path.read_bytes() for path in _sources(folder)]
    return (*contents, *_BUILD_FLAGS, pin.linker_flags, pin.package, *pin.module_files)


def copy_sources(folder: Path, to: Path) -> None:
    """Copies a tool's module into a work folder."""
    for path in _sources(folder):
        shutil.copyfile(path, to / path.name)


class Go:
    """The Go command of this machine."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._logs = supervisor.owner / "toolchain"
        self._program = find_program("go") or (_USUAL_PLACE if _USUAL_PLACE.is_file() else None)
        self._answer: asyncio.Task[str | None] | None = None

    async def version(self) -> str | None:
        """Its version, such as `1.24.7`; None when there is no Go that runs. Asked once."""
        if self._answer is None:
            self._answer = asyncio.create_task(self._ask())
        return await asyncio.shield(self._answer)

    async def require(self, what: str) -> None:
        """Raises ToolchainError when there is no Go that could build `what`."""
        version = await self.version()
        if version is None:
            raise ToolchainError(
                f"{what} has to be built, and Go was not found",
                f"install Go {NEWEST_WANTED} or later, or put the tool itself on PATH",
            )
        if parse(version) < parse(OLDEST):
            raise ToolchainError(
                f"{what} has to be built, and Go {version} is too old",
                f"install Go {NEWEST_WANTED} or later",
            )

    async def build(self, pin: GoTool, work: Path) -> Path:
        """Builds the tool from the sources in `work`. Raises ToolchainError, with the reason."""
        if pin.module_files:
            module = await self.module_folder(pin.module, work)
            for file in pin.module_files:
                shutil.copyfile(module / file, work / Path(file).name)
        target = work / "made" / pin.name
        arguments = ("build", *_BUILD_FLAGS, "-ldflags", pin.linker_flags, "-o", str(target))
        await self._run(pin.name, (*arguments, pin.package), work)
        return target

    async def download(self, pin: GoTool, work: Path) -> None:
        """Downloads exactly the modules that the build will read. Raises ToolchainError."""
        await self._run(f"{pin.name}.modules", ("list", "-e", "-deps", pin.package), work)

    async def module_folder(self, module: str, work: Path) -> Path:
        """A required module's folder in the module cache, downloaded and checked against go.sum."""
        lines: list[str] = []
        name = f"{work.name}.download"
        await self._run(name, ("mod", "download", "-json", module), work, lines)
        return Path(json.loads("\n".join(lines))["Dir"])

    async def _ask(self) -> str | None:
        if self._program is None:
            return None
        question = Question(arguments=("version",), pattern=r"go(\d+\.\d+(?:\.\d+)?)")
        try:
            return await ask_version(self._program, question, self._supervisor)
        except SilentProgramError:
            return None

    async def _run(
        self, name: str, arguments: tuple[str, ...], work: Path, lines: list[str] | None = None
    ) -> None:
        log = self._logs / f"{name}.log"
        log.unlink(missing_ok=True)
        command = Command(
            name=f"go {arguments[0]} for {name}",
            argv=(str(self._program), *arguments),
            log=log,
            env=_ENV,
            cwd=work,
        )
        on_line = None if lines is None else lines.append
        if await self._supervisor.run(command, on_line) != 0:
            raise failed_build(name, log)


def _sources(folder: Path) -> tuple[Path, ...]:
    return tuple(folder / name for name in _SOURCES if (folder / name).is_file())
