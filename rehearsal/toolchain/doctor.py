"""What this machine has and lacks for a rehearsal, each with what it is for and how to mend it."""

from __future__ import annotations

import asyncio
import platform
import resource
import shutil
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import psutil

from processes.supervisor import Supervisor
from province.findings import Finding, Severity
from province.value import Value
from rehearsal.debian import command_for, may_install
from rehearsal.toolchain.go import NEWEST_WANTED, OLDEST, Go
from rehearsal.toolchain.keys import this_platform
from rehearsal.toolchain.pins import DEBIAN_TOOLS, DebianTool, parse
from rehearsal.toolchain.programs import SilentProgramError, ask_version, find_program

PLATFORMS = ("linux/amd64", "linux/arm64")
DISK_GB_FIRST_BUILD = 12.0
"""Measured: Go's build cache 8.1, its module cache 2.6, the tools themselves 0.8."""
DISK_GB_NEXT_BUILD = 2.0
DISK_GB_RUN = 2.0
MEMORY_GIB_MIN = 8.0
"""14 control planes hold about 5 GiB; the load and the edge need the rest at 20,000 users."""
FILES_MIN = 20_000
"""A load worker holds a connection for each of 18,000 users, and some files."""
PORTS_MIN = 20_000
"""Each load worker connects from one address; its users share that address's ports."""

_GB = 1e9
_GIB = 2**30


class Check(Value):
    """One thing that was looked at. `severity` is None when it is as it should be."""

    subject: str
    purpose: str
    found: str
    severity: Severity | None = None
    mend: str = ""

    def finding(self) -> Finding | None:
        """The same as a finding, when there is something to mend."""
        if self.severity is None:
            return None
        return Finding(
            rule=f"machine-has-{self.subject.replace(' ', '-')}",
            severity=self.severity,
            subject=self.subject,
            evidence=f"{self.found}; it is for {self.purpose}",
            hint=self.mend,
        )


async def checks(supervisor: Supervisor, cache: Path, state: Path) -> tuple[Check, ...]:
    """Everything a rehearsal needs of this machine. Nothing is changed.

    `cache` and `state` are the folders whose disks are looked at; they need not exist.
    """
    packages = [tuple(tools) for _, tools in groupby(DEBIAN_TOOLS, lambda tool: tool.package)]
    asked = await asyncio.gather(
        _go(supervisor), *(_package(tools, supervisor) for tools in packages)
    )
    return (
        check_platform(this_platform()),
        check_python(sys.version_info[:3]),
        *asked,
        check_packages(allowed=may_install()),
        check_disk("builds of tools", cache, _free_gb(cache), _build_gb(cache)),
        check_disk("state, logs and evidence", state, _free_gb(state), DISK_GB_RUN),
        check_memory(psutil.virtual_memory().available / _GIB),
        check_files(resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
        check_ports(_port_range()),
    )


def check_platform(name: str) -> Check:
    """The rehearsal's platform is Linux on x86-64 or arm64."""
    return _check(
        "platform",
        "the rehearsal (plan, policies, judge, report and verify work elsewhere too)",
        f"{name} ({platform.release()})",
        None if name in PLATFORMS else Severity.ERROR,
        "use a Linux machine, x86-64 or arm64, real or virtual",
    )


def check_python(version: tuple[int, ...]) -> Check:
    """Python 3.11 or later."""
    return _check(
        "python",
        "everything",
        ".".join(str(part) for part in version),
        None if version >= (3, 11) else Severity.ERROR,
        "install Python 3.11 or later; the launcher finds it",
    )


def check_go(version: str | None) -> Check:
    """A Go that can build what is not on PATH or in the cache."""
    is_good = version is not None and parse(version) >= parse(OLDEST)
    return _check(
        "go",
        "building the tools that are neither on PATH nor in the cache (./suyun tools)",
        version or "not found",
        None if is_good else Severity.WARNING,
        f"install Go {NEWEST_WANTED} or later and put it on PATH",
    )


def check_packages(*, allowed: bool) -> Check:
    """Whether Debian packages can be installed when one is missing."""
    return _check(
        "packages",
        "installing missing Debian packages by itself",
        "root on Debian or Ubuntu" if allowed else "not root on Debian or Ubuntu",
        None if allowed else Severity.WARNING,
        "run as root, or install what is named here by hand",
    )


def check_disk(purpose: str, folder: Path, free_gb: float, wanted_gb: float) -> Check:
    """Room on a folder's disk."""
    return _check(
        f"disk of {folder.name}",
        purpose,
        f"{free_gb:.0f} GB free at {folder}, wanted are {wanted_gb:.0f}",
        None if free_gb >= wanted_gb else Severity.ERROR,
        "free some space, or move it: SUYUN_CACHE, SUYUN_STATE, SUYUN_RUNS, GOCACHE, GOMODCACHE",
    )


def check_memory(available_gib: float) -> Check:
    """Memory for the control planes and 20,000 users."""
    return _check(
        "memory",
        "14 control planes (5 GiB), the edge and the load",
        f"{available_gib:.1f} GiB available, wanted are {MEMORY_GIB_MIN:.0f}",
        None if available_gib >= MEMORY_GIB_MIN else Severity.ERROR,
        "end other programs, or use a machine with more memory",
    )


def check_files(limit: int) -> Check:
    """Open files of one process, which the load may raise up to the hard limit."""
    is_enough = limit == resource.RLIM_INFINITY or limit >= FILES_MIN
    return _check(
        "open files",
        "18,000 connections of a load worker, and the edge's",
        "no limit" if limit == resource.RLIM_INFINITY else f"{limit:,} a process",
        None if is_enough else Severity.WARNING,
        f"ulimit -Hn {FILES_MIN} as root, or raise nofile in /etc/security/limits.conf",
    )


def check_ports(span: tuple[int, int] | None) -> Check:
    """Ports for the connections from one source address."""
    count = span[1] - span[0] + 1 if span else 0
    return _check(
        "ports",
        "the connections of a load worker, all from one address",
        f"{span[0]}-{span[1]} ({count:,})" if span else "not known here",
        None if count >= PORTS_MIN else Severity.WARNING,
        "sysctl -w net.ipv4.ip_local_port_range='32768 60999'",
    )


async def _go(supervisor: Supervisor) -> Check:
    return check_go(await Go(supervisor).version())


async def _package(tools: Sequence[DebianTool], supervisor: Supervisor) -> Check:
    """The package's first tool that is not as it should be, or else its first."""
    looks = [await _debian_tool(tool, supervisor) for tool in tools]
    return next((look for look in looks if look.severity), looks[0])


async def _debian_tool(tool: DebianTool, supervisor: Supervisor) -> Check:
    path = find_program(tool.name, tool.folder)
    found, is_good = f"no {tool.name}", False
    if path is not None:
        try:
            version = await ask_version(path, tool.question, supervisor)
            found, is_good = f"{version} at {path}", version in tool.acceptable
        except SilentProgramError as error:
            found = f"{path} does not work: {error}"
    mends_itself = path is None and may_install()
    return _check(
        tool.package,
        tool.purpose,
        f"{found} (installed when it is needed)" if mends_itself else found,
        None if is_good or mends_itself else _severity(tool),
        command_for(tool.package),
    )


def _severity(tool: DebianTool) -> Severity:
    return Severity.ERROR if tool.needed else Severity.WARNING


def _check(subject: str, purpose: str, found: str, severity: Severity | None, mend: str) -> Check:
    return Check(
        subject=subject,
        purpose=purpose,
        found=found,
        severity=severity,
        mend=mend if severity else "",
    )


def _build_gb(cache: Path) -> float:
    return DISK_GB_NEXT_BUILD if (cache / "entries").is_dir() else DISK_GB_FIRST_BUILD


def _free_gb(folder: Path) -> float:
    """Free space on the disk that the folder is, or will be, on."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(existing).free / _GB


def _port_range() -> tuple[int, int] | None:
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    except OSError:
        return None
    first, last = text.split()
    return int(first), int(last)
