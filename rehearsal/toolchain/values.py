"""What the toolchain hands out: tools, how far it is, and where each tool stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from evidence.records import BinaryRecord

Origin = Literal["path", "cache", "release", "built", "debian"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Binary:
    """A tool that was run and said its version. `seconds` is what it took to get it this time."""

    name: str
    version: str
    path: Path
    origin: Origin
    sha256: str
    seconds: float

    def record(self) -> BinaryRecord:
        """The same as evidence."""
        return BinaryRecord(
            name=self.name,
            version=self.version,
            origin=self.origin,
            path=str(self.path),
            sha256=self.sha256,
            seconds=self.seconds,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolProgress:
    """How far the toolchain is. `done` and `total` are seconds of work as it is expected.

    `notice` marks a line that should stay: something was not as it should be and was mended.
    """

    name: str
    text: str
    done: float
    total: float
    seconds_left: float | None = None
    notice: bool = False


class ToolState(StrEnum):
    """Where a tool stands before anything is done about it."""

    FOUND = "found"
    CACHED = "cached"
    TO_BUILD = "to build"
    TO_INSTALL = "to install"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolStatus:
    """One line of `./suyun tools`.

    `detail` says why a tool on PATH is not used, how long a build will take, or how to mend it.
    """

    name: str
    wanted: str
    state: ToolState
    version: str | None = None
    path: Path | None = None
    detail: str = ""
