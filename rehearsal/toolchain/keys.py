"""Under which keys of the cache a tool may lie."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from rehearsal.toolchain.cache import key_of
from rehearsal.toolchain.go import source_parts
from rehearsal.toolchain.pins import GoTool, Release

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def this_platform() -> str:
    """This machine as Go names it, such as `linux/amd64`."""
    machine = platform.machine()
    return f"{sys.platform}/{_ARCHITECTURES.get(machine, machine)}"


def release_of(pin: GoTool) -> Release | None:
    """The tool's official release for this platform, where one is pinned."""
    return pin.releases.get(this_platform())


def release_key(release: Release) -> str:
    """The key of an official release."""
    return f"{key_of(release.url, release.sha256, release.member)}-release"


def source_key(pin: GoTool, sources: Path) -> str:
    """The key of a build, but for the version of Go."""
    return key_of(*source_parts(sources / pin.folder, pin), this_platform())


def build_key(pin: GoTool, sources: Path, go_version: str) -> str:
    """The key of a build by that version of Go."""
    return f"{source_key(pin, sources)}-go{go_version}"
