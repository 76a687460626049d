"""Debian packages: installed where we may (root on Debian or Ubuntu), else told how.

What a package would start by itself stays off: a rehearsal starts its own servers, on its own
addresses, and a machine that was lent for it must not come back with a web server running.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from processes.supervisor import Command, Supervisor
from rehearsal.toolchain.errors import ToolchainError, ToolMissingError

_SERVICE_STARTERS = ("invoke-rc.d", "deb-systemd-invoke", "deb-systemd-helper")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LOCK_SECONDS = 300


def may_install() -> bool:
    """Whether packages can be installed: root, on Debian or a descendant of it."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None and _is_debian()


def command_for(package: str) -> str:
    """What a person types to install the package here."""
    if shutil.which("apt-get") is None or not _is_debian():
        return f"install the package that has {package}, and put its programs on PATH"
    return f"{'' if os.geteuid() == 0 else 'sudo '}apt-get install {package}"


class Packages:
    """Installs packages. The package lists are brought up to date once, not once a package."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._folder = supervisor.owner / "debian"
        self._is_updated = False

    def require_leave(self, packages: Sequence[str]) -> None:
        """Raises ToolMissingError, with all of them in one command, where that is not ours to do.

        None of them is no reason to.
        """
        if packages and not may_install():
            are = "is" if len(packages) == 1 else "are"
            raise ToolMissingError(
                f"{', '.join(packages)} {are} not installed", command_for(" ".join(packages))
            )

    async def install(self, package: str) -> None:
        """Installs a package. Raises ToolMissingError where that is not ours to do."""
        self.require_leave([package])
        if not self._is_updated:
            await self._apt_get("update", "-q")
            self._is_updated = True
        await self._apt_get("install", "-q", "-y", "--no-install-recommends", package)

    async def _apt_get(self, *arguments: str) -> None:
        log = self._folder / f"apt-get-{arguments[0]}.log"
        log.unlink(missing_ok=True)
        quiet = _quiet_starters(self._folder / "quiet")
        options = (
            "-o",
            f"DPkg::Path={quiet}:{_SYSTEM_PATH}",
            "-o",
            f"DPkg::Lock::Timeout={_LOCK_SECONDS}",
        )
        command = Command(
            name=f"apt-get {arguments[0]}",
            argv=("apt-get", *options, *arguments),
            log=log,
            env={"DEBIAN_FRONTEND": "noninteractive"},
            grace_seconds=60,  # dpkg ends a package in order
        )
        running = await self._supervisor.start(command)
        try:
            status = await running.wait()
        finally:
            await self._supervisor.stop(running)
        if status != 0:
            raise ToolchainError(
                f"apt-get {' '.join(arguments)} failed: {running.log_tail(3)}",
                f"repeat it by hand; the whole log is {log}",
            )


def _is_debian() -> bool:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    return "debian" in (release.get("ID", ""), *release.get("ID_LIKE", "").split())


def _quiet_starters(folder: Path) -> Path:
    """A folder of programs that start nothing, for the packages' own scripts to find first."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _SERVICE_STARTERS:
        (folder / name).write_text("#!/bin/sh\nexit 0\n")
        (folder / name).chmod(0o755)
    return folder
