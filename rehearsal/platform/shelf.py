"""Teaching resources: the bytes behind each entry of the one catalogue.

Without an object store they are a few files that the edge sends (`files`), and every entry has one
of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from rehearsal.platform.files import Files
from rehearsal.platform.ready import Hashed
from rehearsal.platform.seeding import RESOURCES

BODIES = Files(name="resources", count=8, media_type="application/octet-stream")
"""Half a MiB in all."""


class Shelf(Protocol):
    """Where the bytes of teaching resources come from."""

    def find(self, number: int) -> Hashed | None:
        """What is at hand. None when there is no such resource, or when it has to be fetched."""

    async def fetch(self, number: int) -> Hashed | None:
        """The resource, from wherever it lies; None when there is none.

        Raises StorageError when it should be there, but no copy of it answers rightly.
        """


class FileShelf:
    """Resources in the files that `BODIES` made."""

    def __init__(self, folder: Path) -> None:
        """Reads and hashes all of them. Raises OSError when one is missing."""
        self._bodies = BODIES.read(folder)

    def find(self, number: int) -> Hashed | None:
        """The resource, or None."""
        return self._bodies[number % BODIES.count] if 1 <= number <= RESOURCES else None

    async def fetch(self, number: int) -> Hashed | None:
        """The same: all of them are at hand."""
        return self.find(number)
