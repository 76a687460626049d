"""The content-addressed cache: an entry is a folder named by what went into it.

An entry appears by one rename, whole; its manifest says what lies in it. A binary is taken as
unchanged while its size and time of change are those that were written down (hashing all of them
costs two seconds at each start); otherwise its SHA-256 decides.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import ValidationError

from province.value import Value

_MANIFEST = "manifest.json"
_LOCK_POLL_SECONDS = 0.5


class CorruptEntryError(Exception):
    """An entry that is not what its manifest says."""


class Manifest(Value):
    """What an entry holds: one file or one folder, called `name`."""

    name: str
    version: str
    origin: str
    sha256: str
    size: int
    changed_ns: int


def key_of(*parts: str | bytes) -> str:
    """The address of whatever is made of those parts: 24 hexadecimal digits of a SHA-256."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:24]


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, or of a folder's relative paths and contents in sorted order."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for member in sorted(member for member in path.rglob("*") if member.is_file()):
        digest.update(f"{member.relative_to(path)}\0{sha256_of(member)}\n".encode())
    return digest.hexdigest()


class Cache:
    """Entries below one root, which may be shared by checkouts."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, key: str, name: str) -> tuple[Path, Manifest] | None:
        """The thing under that key, checked. Raises CorruptEntryError when it has changed."""
        entry = self.root / "entries" / f"{name}-{key}"
        if not entry.is_dir():
            return None
        path, manifest = entry / name, _read(entry)
        if path.is_dir() or not _is_unchanged(path, manifest):
            if not path.exists() or sha256_of(path) != manifest.sha256:
                raise CorruptEntryError(f"{path} is not what was put there")
            _write(entry, _stamped(path, manifest))
        return path, manifest

    def find_prefix(self, prefix: str, name: str) -> str | None:
        """The key of the newest entry whose key starts so."""
        entries = list((self.root / "entries").glob(f"{name}-{prefix}*"))
        entries.sort(key=lambda entry: entry.stat().st_mtime)
        return entries[-1].name.removeprefix(f"{name}-") if entries else None

    def put(self, key: str, made: Path, version: str, origin: str) -> tuple[Path, Manifest]:
        """Moves what was made (in `staging`) into the cache, in place of whatever was there."""
        entry = self.root / "entries" / f"{made.name}-{key}"
        blank = Manifest(
            name=made.name,
            version=version,
            origin=origin,
            sha256=sha256_of(made),
            size=0,
            changed_ns=0,
        )
        folder = self.staging(f"entry-{made.name}")
        made.rename(folder / made.name)
        manifest = _stamped(folder / made.name, blank)
        _write(folder, manifest)
        self.remove(key, made.name)
        entry.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(entry)
        return entry / made.name, manifest

    def remove(self, key: str, name: str) -> None:
        """Drops an entry, if there is one."""
        shutil.rmtree(self.root / "entries" / f"{name}-{key}", ignore_errors=True)

    def staging(self, name: str) -> Path:
        """An empty folder to make something in, on the cache's own file system."""
        folder = self.root / "staging" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    @asynccontextmanager
    async def lock(self, on_wait: Callable[[], None]) -> AsyncIterator[None]:
        """One maker at a time, which alone may use `staging`; calls `on_wait` while it waits."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("a") as file:
            while not _taken(file.fileno()):
                on_wait()
                await asyncio.sleep(_LOCK_POLL_SECONDS)
            try:
                yield
            finally:
                shutil.rmtree(self.root / "staging", ignore_errors=True)


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_unchanged(path: Path, manifest: Manifest) -> bool:
    if not path.is_file():
        return False
    status = path.stat()
    return (status.st_size, status.st_mtime_ns) == (manifest.size, manifest.changed_ns)


def _stamped(path: Path, manifest: Manifest) -> Manifest:
    status = path.stat()
    return manifest.model_copy(update={"size": status.st_size, "changed_ns": status.st_mtime_ns})


def _read(entry: Path) -> Manifest:
    try:
        return Manifest.model_validate_json((entry / _MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        raise CorruptEntryError(f"{entry / _MANIFEST} cannot be read") from error


def _write(entry: Path, manifest: Manifest) -> None:
    draft = entry / f".{_MANIFEST}"
    draft.write_text(manifest.model_dump_json(), "utf-8")
    draft.replace(entry / _MANIFEST)
