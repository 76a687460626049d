"""The ledger: what clients were told. It is all that is believed when writes are accounted for.

One file of JSON lines for each time that people write (`ledger-0001.jsonl`). A write counts once
its line is with the kernel, which keeps it whoever of us is killed; then, and not before, the
writer goes on. Times are seconds since the epoch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from province.holdings import Engine
from province.value import Value
from rehearsal.data.errors import DataError


class Acknowledged(Value):
    """A write of `site`'s people that the server at `answered_by` said it has.

    `place` is the bucket, or the writer's name in the table; `key` is unique in it.
    """

    kind: Literal["acknowledged"] = "acknowledged"
    engine: Engine
    site: str
    place: str
    key: str
    sequence: int
    sha256: str
    sent_at: float
    at: float
    answered_by: str


class Read(Value):
    """A read of `site`'s people that was answered, by the site `answered_by`."""

    kind: Literal["read"] = "read"
    engine: Engine
    site: str
    key: str
    sent_at: float
    at: float
    answered_by: str


class Failed(Value):
    """What `site`'s people asked for in vain, and what they saw. A write may have been made."""

    kind: Literal["failed"] = "failed"
    engine: Engine
    site: str
    does: Literal["read", "write"]
    key: str
    sent_at: float
    at: float
    error: str


class Happened(Value):
    """Something that was done to the world: `what`, and at which sites."""

    kind: Literal["happened"] = "happened"
    what: str
    sites: tuple[str, ...]
    at: float


Entry = Annotated[Acknowledged | Read | Failed | Happened, Field(discriminator="kind")]
_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)
E = TypeVar("E", Acknowledged, Read, Failed, Happened)


class Ledger:
    """Appends to one file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    @classmethod
    def next(cls, folder: Path) -> Ledger:
        """The one after the newest in that folder."""
        return cls(folder / f"ledger-{_number(newest(folder)) + 1:04d}.jsonl")

    @property
    def number(self) -> int:
        """Which one it is, from 1."""
        return _number(self.path)

    def note(self, entry: Acknowledged | Read | Failed | Happened) -> None:
        """Appends a line in one call; it is there when this returns. Raises OSError."""
        line = entry.model_dump_json().encode() + b"\n"
        if os.write(self._file, line) < len(line):
            raise OSError(f"{self.path} has no room for another line")

    def close(self) -> None:
        """Nothing more is noted."""
        os.close(self._file)


def newest(folder: Path) -> Path | None:
    """The ledger that was begun last; None when nobody has written yet."""
    return max(folder.glob("ledger-*.jsonl"), default=None)


def all_ledgers(folder: Path) -> tuple[Path, ...]:
    """Every one, the first first."""
    return tuple(sorted(folder.glob("ledger-*.jsonl")))


class Entries:
    """A ledger as it was read."""

    def __init__(self, entries: tuple[Acknowledged | Read | Failed | Happened, ...]) -> None:
        self._entries = entries

    def of(self, kind: type[E]) -> tuple[E, ...]:
        """Those of that kind, in order."""
        return tuple(entry for entry in self._entries if isinstance(entry, kind))


def read_ledger(path: Path) -> Entries:
    """All whole lines; a last one without its end is that of a killed writer, and not believed.

    Raises DataError when any other line cannot be read: then nothing can be accounted for.
    """
    return Entries(tuple(_entries(path)))


def _entries(path: Path) -> Iterator[Acknowledged | Read | Failed | Happened]:
    *lines, _torn = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            yield _ENTRY.validate_json(line)
        except ValidationError as error:
            raise DataError(
                f"{path}:{number} is no line of a ledger",
                "restore the file, or begin anew with ./suyun data write",
            ) from error


def _number(path: Path | None) -> int:
    with suppress(ValueError):
        return int(path.stem.rpartition("-")[2]) if path else 0
    return 0
