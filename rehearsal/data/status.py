"""What a standing data world says of itself, and where."""

from __future__ import annotations

from pathlib import Path

from province.value import Value
from rehearsal.keeper import Status, StatusFile


class Entrance(Value):
    """Where the users of a site come in: over IPv4, or over IPv6."""

    site: str
    hostname: str
    address: str
    port: int


class WorldStatus(Status):
    """A world and the process that keeps it.

    `doing` is what it is at, `began` when it was begun (seconds since the epoch). Of a world for
    `users`, `entrances` say where they come in; `secret_file` has the secret of their passwords.
    """

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


def status_file(state: Path) -> StatusFile[WorldStatus]:
    """Where the world says how it stands."""
    return StatusFile(world_folder(state) / "world.json", WorldStatus)
