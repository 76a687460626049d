"""What a standing room says of itself: `<state>/room/room.json`, replaced whole at each change."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from processes.detached import is_alive
from processes.errors import ProcessError
from processes.leftovers import started_at
from province.value import Value


class RoomStatus(Value):
    """A room and the process that keeps it.

    `started` is that process's start in seconds since the machine's boot, which tells it from a
    later one of the same number. A room is ready once its main site stands; `sites` holds the
    kubeconfig of each site that stands, of `planned` in all, which `room_for` names. A failed
    room says why.
    """

    pid: int
    started: float
    state: Literal["booting", "ready", "failed"]
    planned: int
    room_for: tuple[str, ...] = ()
    sites: dict[str, Path] = Field(default_factory=dict)
    cause: str | None = None
    hint: str | None = None

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return is_alive(self.pid, self.started)


def room_folder(state: Path) -> Path:
    """The folder that the room's process owns."""
    return state.resolve() / "room"


def sites_folder(state: Path) -> Path:
    """Keys, data and logs of the room's sites, while it stands."""
    return room_folder(state) / "sites"


def log_file(state: Path) -> Path:
    """What the room's process itself says."""
    return room_folder(state) / "room.log"


def read_status(state: Path) -> RoomStatus | None:
    """What the last room said, dead or alive; None when there is nothing readable."""
    try:
        return RoomStatus.model_validate_json(_file(state).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def write_status(state: Path, status: RoomStatus) -> None:
    """Replaces it whole, so that a reader never sees half of it."""
    new = _file(state).with_suffix(".new")
    new.write_text(status.model_dump_json(indent=1), "utf-8")
    new.replace(_file(state))


def forget_status(state: Path) -> None:
    """Nothing is said any more."""
    _file(state).unlink(missing_ok=True)


def new_status(planned: int) -> RoomStatus:
    """The status of this process's room before anything is ready."""
    started = started_at(os.getpid())
    if started is None:
        raise ProcessError("this machine has no /proc", "the machine room needs Linux")
    return RoomStatus(pid=os.getpid(), started=started, state="booting", planned=planned)


def _file(state: Path) -> Path:
    return room_folder(state) / "room.json"
