"""Video segments: deterministic bytes, so that whoever reads one can check it.

A segment is a window of 64 KiB into one pool of pseudo-random bytes; making it costs a copy.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256, shake_256
from typing import Protocol

SEGMENT_BYTES = 64 * 1024
VIDEOS = 1000
SEGMENTS_PER_VIDEO = 64
_POOL_BYTES = 8 * SEGMENT_BYTES
_STRIDE = 7919
"""A prime: neighbouring segments start at offsets that have nothing in common."""


class Segments(Protocol):
    """Where video segments come from."""

    async def read(self, video: int, segment: int) -> bytes | None:
        """The segment's bytes, or None when there is no such segment."""

    def etag(self, video: int, segment: int) -> str:
        """The SHA-256 of an existing segment, in hexadecimal."""


class GeneratedSegments:
    """Segments out of a pool that is made once, when the process starts."""

    def __init__(self) -> None:
        self._pool = shake_256(b"suyun video segments").digest(_POOL_BYTES)
        self.etag = lru_cache(maxsize=VIDEOS * SEGMENTS_PER_VIDEO)(self._etag)

    async def read(self, video: int, segment: int) -> bytes | None:
        """The segment's bytes, or None; videos count from 1, segments from 0."""
        if not (1 <= video <= VIDEOS and 0 <= segment < SEGMENTS_PER_VIDEO):
            return None
        return self._window(video, segment)

    def _etag(self, video: int, segment: int) -> str:
        return sha256(self._window(video, segment)).hexdigest()

    def _window(self, video: int, segment: int) -> bytes:
        start = (video * SEGMENTS_PER_VIDEO + segment) * _STRIDE % (_POOL_BYTES - SEGMENT_BYTES)
        return self._pool[start : start + SEGMENT_BYTES]
