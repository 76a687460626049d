"""What a standing data world says of itself: `<state>/data/world.json`, replaced at each change."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from processes.detached import is_alive
from processes.errors import ProcessError
from processes.leftovers import started_at
from province.value import Value


class Entrance(Value):
    """Where the users of a site come in: over IPv4, or over IPv6."""

    site: str
    hostname: str
    address: str
    port: int


class WorldStatus(Value):
    """A world and the process that keeps it.

    `started` is that process's start in seconds since the machine's boot, which tells it from a
    later one of the same number. `doing` is what it is at, `began` when it was begun (seconds since
    the epoch). Of a world for `users`, `entrances` say where they come in; `secret_file` has the
    secret of their passwords. A failed world says why.
    """

    pid: int
    started: float
    state: Literal["booting", "ready", "failed"]
    doing: str
    began: float
    ready_seconds: float | None = None
    sites: tuple[str, ...] = ()
    has_links: bool
    primary: str | None = None
    down: tuple[str, ...] = ()
    cuts: tuple[tuple[str, str], ...] = ()
    users: int = 0
    entrances: tuple[Entrance, ...] = ()
    ca_file: Path | None = None
    secret_file: Path | None = None
    cause: str | None = None
    hint: str | None = None

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return is_alive(self.pid, self.started)


def world_folder(state: Path) -> Path:
    """The folder that the world's process owns."""
    return state.resolve() / "data"


def ledgers_folder(state: Path) -> Path:
    """Where the world notes what people were told, and what was done to it."""
    return world_folder(state) / "ledgers"


def socket_file(state: Path) -> Path:
    """Where the world takes orders."""
    return world_folder(state) / "orders"


def log_file(state: Path) -> Path:
    """What the world's process itself says."""
    return world_folder(state) / "world.log"


def read_status(state: Path) -> WorldStatus | None:
    """What the last world said, dead or alive; None when there is nothing readable."""
    try:
        return WorldStatus.model_validate_json(_file(state).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def write_status(state: Path, status: WorldStatus) -> None:
    """Replaces it whole, so that a reader never sees half of it."""
    new = _file(state).with_suffix(".new")
    new.write_text(status.model_dump_json(indent=1), "utf-8")
    new.replace(_file(state))


def forget_status(state: Path) -> None:
    """Nothing is said any more."""
    _file(state).unlink(missing_ok=True)


def own_start() -> float:
    """When this process was started. Raises ProcessError where that cannot be known."""
    started = started_at(os.getpid())
    if started is None:
        raise ProcessError("this machine has no /proc", "the data world needs Linux")
    return started


def _file(state: Path) -> Path:
    return world_folder(state) / "world.json"
