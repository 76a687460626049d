"""Programs as they lie on this machine: where they are, and which version they say they are."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
from pathlib import Path

from processes.errors import ProcessError
from processes.supervisor import Command, Supervisor
from rehearsal.toolchain.errors import ToolchainError
from rehearsal.toolchain.pins import Question

_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_ANSWER_SECONDS = 60.0
_ENDED_FROM_OUTSIDE = {-signal.SIGINT, -signal.SIGTERM, -signal.SIGKILL}


class SilentProgramError(Exception):
    """A program that crashes, hangs or says no version when it is asked for it."""


def find_program(name: str, folder: Path | None = None) -> Path | None:
    """The program in its package's own folder, else on PATH or in the system folders.

    An ordinary user's PATH lacks the latter, and everybody's the former.
    """
    own = (str(folder),) if folder else ()
    folders = os.pathsep.join((*own, os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS))
    found = shutil.which(name, path=folders)
    return Path(found) if found else None


async def ask_version(path: Path, question: Question, supervisor: Supervisor) -> str:
    """Runs the program and returns the version that it says.

    Raises SilentProgramError when it says none, ToolchainError when that is not its own fault: a
    good tool must not be thrown away because the command was stopped or the disk is full.
    """
    log = supervisor.owner / "toolchain" / f"{path.name}.version.log"
    log.unlink(missing_ok=True)
    command = Command(
        name=path.name, argv=(str(path), *question.arguments), log=log, env=question.env
    )
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            status = await supervisor.run(command)
    except (ProcessError, TimeoutError) as error:
        raise SilentProgramError(str(error) or f"no answer in {_ANSWER_SECONDS:.0f} s") from error
    _require_heard(path, status, log)
    text = log.read_text("utf-8", errors="replace")
    answer = re.search(question.pattern, text)
    if status != 0 or answer is None:
        raise SilentProgramError(f"exit status {status}: {_first_line(text)}")
    return answer.group(1)


def _require_heard(path: Path, status: int, log: Path) -> None:
    if status in _ENDED_FROM_OUTSIDE:
        raise ToolchainError(f"{path.name} was ended before it said its version", "start again")
    if shutil.disk_usage(log.parent).free == 0:
        raise ToolchainError(
            f"the disk of {log.parent} is full, so {path.name} cannot be heard",
            "free some disk space, or set SUYUN_STATE to a folder on another disk",
        )


async def starts(path: Path, supervisor: Supervisor) -> bool:
    """Whether the program can be run at all; what it says to an unknown option does not matter."""
    command = Command(
        name=path.name,
        argv=(str(path), "--version"),
        log=supervisor.owner / "toolchain" / f"{path.name}.version.log",
    )
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            return await supervisor.run(command) >= 0
    except (ProcessError, TimeoutError):
        return False


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "it says nothing")
