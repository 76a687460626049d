"""The lock on an owner's folder, and the reaper that inherits it when the owner dies."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import psutil

from processes.errors import OwnerBusyError
from processes.leftovers import MARK

_REAPER = "reaper"
_REAPER_SECONDS_MAX = 30.0
_POLL_SECONDS = 0.05


async def take(owner: Path) -> IO[str]:
    """Locks the folder for this process until the returned file is closed.

    An earlier owner's reaper that is still cleaning is waited for. Raises OwnerBusyError when
    another owner is alive.
    """
    deadline = time.monotonic() + _REAPER_SECONDS_MAX
    while True:
        file = _try_take(owner, str(os.getpid()))
        if file is not None:
            return file
        holder = _holder(owner)
        if _is_alive(holder) or time.monotonic() > deadline:
            raise OwnerBusyError(
                f"another suyun (process {holder}) is at work in {owner}",
                "wait for it, stop it, or set SUYUN_STATE to another folder",
            )
        await asyncio.sleep(_POLL_SECONDS)


def take_as_reaper(owner: Path, dead: int | None = None) -> IO[str] | None:
    """The lock of a dead owner; None when a new owner, which cleans by itself, has it already.

    The kernel may close the pipe of the owner `dead` a moment before it lets go of its lock (it
    releases a dying process's files in no order), so that lock is waited for.
    """
    deadline = time.monotonic() + _REAPER_SECONDS_MAX
    while (file := _try_take(owner, _REAPER)) is None:
        if _holder(owner) != str(dead) or time.monotonic() > deadline:
            return None
        time.sleep(_POLL_SECONDS)
    return file


def start_reaper(owner: Path) -> subprocess.Popen[bytes]:
    """The process that ends the owner's children if this one dies.

    It bears no mark, not even one that this process inherited: it has to outlive the marked.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "processes.reaper", str(owner), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).resolve().parent.parent,
        env={name: value for name, value in os.environ.items() if name != MARK},
        start_new_session=True,
    )


def _try_take(owner: Path, holder: str) -> IO[str] | None:
    """Locks the folder and notes who holds it, or returns None when it is locked."""
    file = (owner / "owner.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    file.truncate(0)
    file.write(holder)
    file.flush()
    return file


def _holder(owner: Path) -> str:
    return (owner / "owner.lock").read_text().strip()


def _is_alive(holder: str) -> bool:
    # A holder that is not alive is a dead owner whose reaper has not signed the lock yet.
    return holder.isdigit() and psutil.pid_exists(int(holder))
