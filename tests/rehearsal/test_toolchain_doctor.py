"""The doctor names what is missing, what it is for and how to mend it, and only then."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processes.supervisor import Supervisor
from province.findings import Severity
from rehearsal.toolchain import doctor
from rehearsal.toolchain.doctor import Check
from rehearsal.toolchain.pins import DEBIAN_TOOLS, DebianTool, Question

GOOD = (
    doctor.check_platform("linux/amd64"),
    doctor.check_platform("linux/arm64"),
    doctor.check_python((3, 11, 0)),
    doctor.check_go("1.24.7"),
    doctor.check_packages(allowed=True),
    doctor.check_disk("builds", Path("x"), 12, 12),
    doctor.check_memory(8),
    doctor.check_files(20_000),
    doctor.check_files(resource.RLIM_INFINITY),
    doctor.check_ports((32768, 60999)),
)
BAD = (
    (doctor.check_platform("darwin/arm64"), Severity.ERROR, "Linux"),
    (doctor.check_python((3, 10, 9)), Severity.ERROR, "3.11"),
    (doctor.check_go(None), Severity.WARNING, "1.24.7"),
    (doctor.check_go("1.19"), Severity.WARNING, "1.24.7"),
    (doctor.check_packages(allowed=False), Severity.WARNING, "root"),
    (doctor.check_disk("builds", Path("x"), 11.9, 12), Severity.ERROR, "SUYUN_CACHE"),
    (doctor.check_memory(7.9), Severity.ERROR, "memory"),
    (doctor.check_files(1024), Severity.WARNING, "ulimit"),
    (doctor.check_ports((50000, 60000)), Severity.WARNING, "sysctl"),
    (doctor.check_ports(None), Severity.WARNING, "sysctl"),
)


class AsyncVersions:
    """Every program is of the least version that does."""

    async def __call__(self, _: Path, question: Question, __: Supervisor) -> str:
        tool = next(tool for tool in DEBIAN_TOOLS if tool.question == question)
        return ".".join(str(part) for part in tool.acceptable.at_least)


@pytest.mark.parametrize("check", GOOD, ids=lambda check: check.subject)
def test_what_is_good_has_nothing_to_mend(check: Check) -> None:
    assert check.severity is None
    assert check.mend == ""
    assert check.finding() is None


@pytest.mark.parametrize(("check", "severity", "mend"), BAD, ids=lambda part: str(part)[:20])
def test_what_is_lacking_says_how_to_mend_it(check: Check, severity: Severity, mend: str) -> None:
    finding = check.finding()

    assert finding is not None
    assert finding.severity is severity
    assert mend in finding.hint
    assert check.purpose in finding.evidence
    assert check.found in finding.evidence


@given(st.integers(1, 65535), st.integers(1, 65535))
def test_ports_are_counted_with_both_ends(first: int, last: int) -> None:
    enough = doctor.check_ports((first, last)).severity is None

    assert enough == (last - first + 1 >= doctor.PORTS_MIN)


def test_this_machine_is_looked_at_and_left_as_it_is(tmp_path: Path) -> None:
    async def scene() -> tuple[Check, ...]:
        async with Supervisor(tmp_path / "owner") as supervisor:
            return await doctor.checks(supervisor, tmp_path / "cache", tmp_path / "state")

    rows = {check.subject: check for check in asyncio.run(scene())}

    assert {"platform", "python", "go", "nginx", "packages", "memory", "ports"} <= rows.keys()
    assert f"wanted are {doctor.DISK_GB_FIRST_BUILD:.0f}" in rows["disk of cache"].found
    assert not (tmp_path / "cache").exists()


def test_nginx_that_crashes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nginx"
    program.write_text("#!/bin/sh\nkill -SEGV $$\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    async def scene() -> tuple[Check, ...]:
        async with Supervisor(tmp_path / "owner") as supervisor:
            return await doctor.checks(supervisor, tmp_path, tmp_path)

    nginx = next(check for check in asyncio.run(scene()) if check.subject == "nginx")
    assert nginx.severity is Severity.ERROR
    assert "does not work: exit status -11" in nginx.found


@pytest.mark.parametrize("tool", DEBIAN_TOOLS, ids=lambda tool: tool.name)
def test_a_missing_program_is_told_with_its_package(
    tool: DebianTool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {each.name: Path("/bin/true") for each in DEBIAN_TOOLS if each.name != tool.name}
    monkeypatch.setattr(doctor, "find_program", lambda name, _: found.get(name))
    monkeypatch.setattr(doctor, "may_install", lambda: False)
    monkeypatch.setattr(doctor, "ask_version", AsyncVersions())

    async def scene() -> tuple[Check, ...]:
        async with Supervisor(tmp_path / "owner") as supervisor:
            return await doctor.checks(supervisor, tmp_path, tmp_path)

    rows = {check.subject: check for check in asyncio.run(scene())}
    assert rows[tool.package].severity is (Severity.ERROR if tool.needed else Severity.WARNING)
    assert rows[tool.package].found == f"no {tool.name}"
    assert rows[tool.package].mend.endswith(f"install {tool.package}")
    others = {each.package for each in DEBIAN_TOOLS} - {tool.package}
    assert all(rows[other].severity is None for other in others)
