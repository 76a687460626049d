"""Video segments: files of deterministic bytes, so that whoever reads one can check it.

The platform checks who asks and which segment it is; the edge then sends the file itself
(nginx's X-Accel-Redirect), so that no body goes through Python. Every video shows the same few
segments from a start of its own: what a segment costs does not depend on what it shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Protocol

from starlette.responses import Response

from rehearsal.platform.ready import Ready

SEGMENT_BYTES = 64 * 1024
VIDEOS = 1000
SEGMENTS_PER_VIDEO = 64
FOLDER = "segments"
"""Of the platform's folder, beside its sockets."""
INTERNAL_URI = "/internal/segments/"
"""Where the edge finds them when the platform says so, and nobody else can ask for them."""
_FILES = 2 * SEGMENTS_PER_VIDEO
"""8 MiB in all, which stay in the page cache."""
_STRIDE = 7919
"""A prime: the videos start all over the files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """An existing segment: its ETag, which is its SHA-256, and the two answers that name it."""

    etag: str
    response: Ready
    unchanged: Response


class Segments(Protocol):
    """Where video segments come from."""

    def find(self, video: int, segment: int) -> Segment | None:
        """The segment, or None when there is none; videos count from 1, segments from 0."""


class StoredSegments:
    """Segments in the files that `make_segments` made."""

    def __init__(self, folder: Path) -> None:
        """Reads and hashes all of them. Raises OSError when one is missing."""
        self._segments = tuple(_segment(folder / FOLDER / str(n)) for n in range(_FILES))

    def find(self, video: int, segment: int) -> Segment | None:
        """The segment, or None."""
        if not (1 <= video <= VIDEOS and 0 <= segment < SEGMENTS_PER_VIDEO):
            return None
        return self._segments[(video * _STRIDE + segment) % _FILES]


def make_segments(folder: Path) -> None:
    """Writes the files into the folder's `segments`. Raises OSError, as on a full disk."""
    (folder / FOLDER).mkdir(exist_ok=True, mode=0o700)
    for number in range(_FILES):
        content = shake_256(b"suyun video segment %d" % number).digest(SEGMENT_BYTES)
        (folder / FOLDER / str(number)).write_bytes(content)


def _segment(file: Path) -> Segment:
    etag = f'"{sha256(file.read_bytes()).hexdigest()}"'
    headers = {"etag": etag, "cache-control": "private, max-age=3600"}
    sending = {**headers, "x-accel-redirect": f"{INTERNAL_URI}{file.name}"}
    return Segment(
        etag=etag,
        response=Ready(b"", "video/mp4", sending),
        unchanged=Response(status_code=304, headers=headers),
    )
