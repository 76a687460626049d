"""Video segments: every video shows the same few files from a start of its own (`files`)."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from rehearsal.platform.files import Files
from rehearsal.platform.ready import Hashed

VIDEOS = 1000
SEGMENTS_PER_VIDEO = 64
SEGMENTS = Files(name="segments", count=2 * SEGMENTS_PER_VIDEO, media_type="video/mp4")
"""8 MiB in all."""
_STRIDE = 7919
"""A prime: the videos start all over the files."""


class Segments(Protocol):
    """Where video segments come from."""

    def find(self, video: int, segment: int) -> Hashed | None:
        """The segment, or None when there is none; videos count from 1, segments from 0."""


class StoredSegments:
    """Segments in the files that `SEGMENTS` made."""

    def __init__(self, folder: Path) -> None:
        """Reads and hashes all of them. Raises OSError when one is missing."""
        self._segments = SEGMENTS.read(folder)

    def find(self, video: int, segment: int) -> Hashed | None:
        """The segment, or None."""
        if not (1 <= video <= VIDEOS and 0 <= segment < SEGMENTS_PER_VIDEO):
            return None
        return self._segments[(video * _STRIDE + segment) % SEGMENTS.count]
