"""Packages are installed where that is ours to do, start nothing, and are told of elsewhere."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import platform
from pathlib import Path

import pytest

from processes.supervisor import Supervisor
from rehearsal.debian import Packages, command_for, may_install
from rehearsal.toolchain.errors import ToolchainError, ToolMissingError
from rehearsal.toolchain.pins import Acceptable, DebianTool, Question
from rehearsal.toolchain.values import ToolState
from tests.rehearsal.workshop import Workshop, says

_APT_GET = """#!/bin/sh
echo "$@" >> "{folder}/asked"
if [ -f "{folder}/refuse" ]; then echo 'E: Unable to locate package'; exit 100; fi
for last; do :; done
[ "$last" = web ] && cp "{folder}/web" "{folder}/path/web"
[ "$last" = pair ] && mkdir "{folder}/own" && cp "{folder}/web" "{folder}/own/left" \
  && cp "{folder}/web" "{folder}/own/right"
exit 0
"""


class Machine:
    """A Debian machine on which we are root, with an apt-get of our own."""

    def __init__(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = shop.folder
        self._patch = monkeypatch
        shop.put_program("apt-get", _APT_GET.format(folder=shop.folder))
        shop.put_program("web", says("web/1.22.1"), shop.folder)
        shop.pins["web"] = DebianTool(
            name="web",
            package="web",
            acceptable=Acceptable(at_least=(1, 18, 0), below=(2, 0, 0)),
            question=Question(arguments=("-v",), pattern=r"web/([\d.]+)"),
            purpose="pages",
        )
        monkeypatch.setenv("PATH", f"{shop.folder / 'path'}:{os.environ['PATH']}")
        self.is_root(0)
        self.is_system(ID="debian")

    def is_root(self, uid: int) -> None:
        self._patch.setattr(os, "geteuid", lambda: uid)

    def is_system(self, **release: str) -> None:
        self._patch.setattr(platform, "freedesktop_os_release", lambda: release)

    @property
    def asked(self) -> list[str]:
        log = self.folder / "asked"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop.made(tmp_path, monkeypatch)


@pytest.fixture
def machine(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(shop, monkeypatch)


def test_a_missing_package_is_installed_once(shop: Workshop, machine: Machine) -> None:
    assert [row.state for row in shop.survey() if row.name == "web"] == [ToolState.TO_INSTALL]

    first, again = shop.ensure("web")["web"], shop.ensure("web")["web"]

    assert (first.origin, first.version, again.origin) == ("debian", "1.22.1", "path")
    assert [line.split()[4:] for line in machine.asked] == [
        ["update", "-q"],
        ["install", "-q", "-y", "--no-install-recommends", "web"],
    ]


def test_tools_of_one_package_lie_in_its_own_folder_and_are_installed_once(
    shop: Workshop, machine: Machine
) -> None:
    web = shop.pins["web"]
    assert isinstance(web, DebianTool)
    for name in ("left", "right"):
        shop.pins[name] = dataclasses.replace(
            web, name=name, package="pair", folder=shop.folder / "own"
        )

    found = shop.ensure("left", "right")

    assert [line.split()[4] for line in machine.asked] == ["update", "install"]
    assert {binary.path.parent for binary in found.values()} == {shop.folder / "own"}
    assert {binary.origin for binary in found.values()} == {"debian"}


def test_the_packages_own_scripts_find_nothing_that_starts_services(
    shop: Workshop, machine: Machine
) -> None:
    shop.ensure("web")

    option = machine.asked[-1].split()[1]
    quiet = Path(option.removeprefix("DPkg::Path=").split(":")[0])
    starters = {"invoke-rc.d", "deb-systemd-invoke", "deb-systemd-helper"}
    assert {path.name for path in quiet.iterdir() if os.access(path, os.X_OK)} == starters


def test_lists_are_updated_once_for_several_packages(shop: Workshop, machine: Machine) -> None:
    async def scene() -> None:
        async with Supervisor(shop.folder / "owner") as supervisor:
            packages = Packages(supervisor)
            await packages.install("a")
            await packages.install("b")

    asyncio.run(scene())
    assert [line.split()[4] for line in machine.asked] == ["update", "install", "install"]


def test_without_root_the_error_is_the_command_to_type(shop: Workshop, machine: Machine) -> None:
    machine.is_root(1000)

    with pytest.raises(ToolMissingError) as caught:
        shop.ensure("one", "web")
    assert caught.value.hint == "sudo apt-get install web"
    assert machine.asked == []
    assert shop.builds == []
    assert [row.state for row in shop.survey() if row.name == "web"] == [ToolState.MISSING]


def test_all_missing_packages_are_in_one_command(shop: Workshop, machine: Machine) -> None:
    machine.is_root(1000)
    shop.pins["left"] = dataclasses.replace(shop.pins["web"], name="left", package="pair")
    shop.pins["right"] = dataclasses.replace(shop.pins["web"], name="right", package="pair")

    with pytest.raises(ToolMissingError, match="web, pair are not installed") as caught:
        shop.ensure("web", "left", "right")
    assert caught.value.hint == "sudo apt-get install web pair"


def test_elsewhere_than_debian_nothing_is_installed(machine: Machine) -> None:
    machine.is_system(ID="fedora")

    assert not may_install()
    assert "PATH" in command_for("web")


def test_descendants_of_debian_count(machine: Machine) -> None:
    machine.is_system(ID="linuxmint", ID_LIKE="ubuntu debian")

    assert may_install()


def test_apt_gets_refusal_is_told(shop: Workshop, machine: Machine) -> None:
    (machine.folder / "refuse").touch()

    with pytest.raises(ToolchainError, match="Unable to locate package"):
        shop.ensure("web")


def test_a_package_of_a_bad_version_is_an_error(shop: Workshop, machine: Machine) -> None:
    (machine.folder / "web").write_text(says("web/1.10.0"))

    with pytest.raises(ToolchainError, match=r"is not 1\.18\.0 or later, before 2\.0\.0"):
        shop.ensure("web")
