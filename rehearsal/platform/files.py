"""Files of deterministic bytes, so that whoever reads one can check it.

The platform checks who asks and which file it is; the edge then sends it itself (nginx's
X-Accel-Redirect), so that no body goes through Python. What a file costs to send does not depend
on what it holds, so there are a few of each kind: they stay in the page cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import shake_256
from pathlib import Path

from rehearsal.platform.ready import Hashed, hashed

FILE_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """`count` files, numbered from 0, in the folder `name` beside the platform's sockets."""

    name: str
    count: int
    media_type: str

    @property
    def uri(self) -> str:
        """Where the edge finds them when the platform says so, and nobody else can ask for them."""
        return f"/internal/{self.name}/"

    def make(self, folder: Path) -> None:
        """Writes them into the platform's folder. Raises OSError, as on a full disk."""
        (folder / self.name).mkdir(exist_ok=True, mode=0o700)
        for number in range(self.count):
            content = shake_256(f"suyun {self.name} {number}".encode()).digest(FILE_BYTES)
            (folder / self.name / str(number)).write_bytes(content)

    def read(self, folder: Path) -> tuple[Hashed, ...]:
        """What to answer for each, for the edge to send. Raises OSError when one is missing."""
        return tuple(
            hashed(
                (folder / self.name / str(number)).read_bytes(),
                self.media_type,
                edge_uri=f"{self.uri}{number}",
            )
            for number in range(self.count)
        )
