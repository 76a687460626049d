"""A process that keeps something standing between commands, and what it says of itself.

Others read that in one file, replaced whole at each change. A keeper writes it only while it owns
its folder, so nobody reads of two.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Generic, Literal, Self, TypeVar

from pydantic import ValidationError

from processes.detached import is_alive
from processes.files import write_whole
from processes.leftovers import own_start
from processes.supervisor import Supervisor
from province.value import Value


class Status(Value):
    """How something stands, and the process that keeps it.

    `started` is that process's start in seconds since the machine's boot, which tells it from a
    later one of the same number. One that failed says why.
    """

    pid: int
    started: float
    state: Literal["booting", "ready", "failed"] = "booting"
    cause: str | None = None
    hint: str | None = None

    @classmethod
    def mine(cls, **fields: object) -> Self:
        """Kept by this process. Raises ProcessError where its start cannot be known."""
        return cls.model_validate({"pid": os.getpid(), "started": own_start(), **fields})

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return is_alive(self.pid, self.started)


S = TypeVar("S", bound=Status)


class StatusFile(Generic[S]):
    """Where it is said."""

    def __init__(self, path: Path, kind: type[S]) -> None:
        self._path = path
        self._kind = kind

    def read(self) -> S | None:
        """What was said last, by a process that lives or not; None when nothing is readable."""
        try:
            return self._kind.model_validate_json(self._path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def living(self) -> S | None:
        """The same of a process that lives; None when only a dead one's word is left."""
        found = self.read()
        return found if found is not None and found.is_alive else None

    def sound(self, failure: Callable[[S | None], Exception]) -> S:
        """What boots or is ready; raises that failure when it failed, or its process is gone."""
        found = self.read()
        if found is None or found.state == "failed" or not found.is_alive:
            raise failure(found)
        return found

    def write(self, status: S) -> None:
        """So that a reader never sees half of it."""
        write_whole(self._path, status.model_dump_json(indent=1).encode())

    def forget(self) -> None:
        """Nothing is said any more."""
        self._path.unlink(missing_ok=True)


class Keeper(Generic[S]):
    """This process as the one that keeps it; `first` is said first, `log` is where more is."""

    def __init__(self, file: StatusFile[S], first: S, log: Path) -> None:
        self._file = file
        self._log = log
        self.said = first

    def say(self, **changes: object) -> None:
        """What has changed."""
        self.said = type(self.said).model_validate({**self.said.model_dump(), **changes})
        self._file.write(self.said)

    async def keep(self, owner: Path, work: Callable[[Supervisor], Awaitable[None]]) -> None:
        """Works until SIGTERM, SIGINT or SIGHUP, and has nothing said any more after that.

        Raises OwnerBusyError when another process owns that folder; any other failure is first
        said, with cause and hint.
        """
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in a task
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(signum, task.cancel)
        async with Supervisor(owner) as supervisor:
            self.say()
            is_over = await self._is_told_to_end(work(supervisor))
        if is_over:
            self._file.forget()

    async def _is_told_to_end(self, work: Awaitable[None]) -> bool:
        try:
            await work
        except asyncio.CancelledError:
            return True
        except Exception as error:
            cause = getattr(error, "cause", None) or f"{type(error).__name__}: {error}"
            hint = getattr(error, "hint", None) or f"see {self._log}"
            self.say(state="failed", cause=cause, hint=hint)
            raise
        return False
