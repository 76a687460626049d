"""What a standing room says of itself, and where."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from rehearsal.keeper import Status, StatusFile


class RoomStatus(Status):
    """A room and the process that keeps it.

    A room is ready once its main site stands; `sites` holds the kubeconfig of each site that
    stands, of `planned` in all, which `room_for` names.
    """

    planned: int
    room_for: tuple[str, ...] = ()
    sites: dict[str, Path] = Field(default_factory=dict)


def room_folder(state: Path) -> Path:
    """The folder that the room's process owns."""
    return state.resolve() / "room"


def sites_folder(state: Path) -> Path:
    """Keys, data and logs of the room's sites, while it stands."""
    return room_folder(state) / "sites"


def log_file(state: Path) -> Path:
    """What the room's process itself says."""
    return room_folder(state) / "room.log"


def status_file(state: Path) -> StatusFile[RoomStatus]:
    """Where the room says how it stands."""
    return StatusFile(room_folder(state) / "room.json", RoomStatus)
