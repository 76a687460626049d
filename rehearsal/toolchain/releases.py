"""Official releases: downloaded, checked against the pin, unpacked. Never used unchecked."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import shutil
import ssl
import tarfile
import threading
import urllib.error
import urllib.request
from pathlib import Path

from rehearsal.toolchain.pins import Release

_TIMEOUT_SECONDS = 10.0
_CHUNK_BYTES = 1 << 20
_UNREACHABLE = (
    urllib.error.URLError,
    http.client.HTTPException,
    ssl.SSLError,
    ConnectionError,
    TimeoutError,
)


class ReleaseUnavailableError(Exception):
    """The release cannot be reached, or is not what the pin says."""


async def fetch(release: Release, work: Path, name: str) -> Path:
    """Downloads into `work` and returns the program `name`. Raises ReleaseUnavailableError."""
    stop = threading.Event()
    target = work / "made" / name
    try:
        return await asyncio.to_thread(_fetch, release, work / "release", target, stop)
    finally:
        stop.set()  # a thread cannot be cancelled: it looks at this between chunks


def _fetch(release: Release, archive: Path, target: Path, stop: threading.Event) -> Path:
    try:
        _download(release, archive, stop)
        return _unpack(archive, release.member, target)
    except _UNREACHABLE as error:
        raise ReleaseUnavailableError(f"{release.url} cannot be reached") from error
    except (tarfile.TarError, KeyError) as error:
        raise ReleaseUnavailableError(f"{release.url} holds no {release.member}") from error


def _download(release: Release, archive: Path, stop: threading.Event) -> None:
    digest = hashlib.sha256()
    with (
        urllib.request.urlopen(release.url, timeout=_TIMEOUT_SECONDS) as response,  # noqa: S310 - https, from the pins
        archive.open("wb") as file,
    ):
        while not stop.is_set() and (chunk := response.read(_CHUNK_BYTES)):
            digest.update(chunk)
            file.write(chunk)
    if digest.hexdigest() != release.sha256:
        raise ReleaseUnavailableError(f"{release.url} is not what the pin says; it was not used")


def _unpack(archive: Path, member: str, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        packed = tar.extractfile(member)
        if packed is None:
            raise KeyError(member)
        with packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file)
    target.chmod(0o755)
    return target
