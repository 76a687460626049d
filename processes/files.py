"""Files that another process may read at any moment: each is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes, *, mode: int = 0o644) -> Path:
    """Replaces what stands at `path`, and returns it; `mode` is the file's from its first byte on.

    Raises OSError, and leaves the earlier content as it is.
    """
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(file, "wb") as stream:
        stream.write(content)
    return new.replace(path)


def write_private(path: Path, content: bytes) -> None:
    """A secret: never for a moment readable by others."""
    write_whole(path, content, mode=0o600)
