"""The real tools of this machine are of the pinned versions."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from processes.supervisor import Supervisor
from rehearsal.toolchain.pins import ASSETS, CRDS, PINS
from rehearsal.toolchain.toolchain import Toolchain
from rehearsal.toolchain.values import Binary, ToolProgress, ToolState, ToolStatus

pytestmark = pytest.mark.live


def cache() -> Path:
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("SUYUN_CACHE") or user / "suyun")


async def survey(folder: Path) -> tuple[ToolStatus, ...]:
    async with Supervisor(folder) as supervisor:
        return await Toolchain(cache(), supervisor).survey()


@pytest.fixture(scope="module")
def present(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The tools that are here already: a test builds nothing for a quarter of an hour."""
    with pytest.MonkeyPatch.context() as patch:
        if extra := os.environ.get("SUYUN_TEST_BIN"):
            patch.setenv("PATH", f"{os.environ['PATH']}:{extra}")
        rows = asyncio.run(survey(tmp_path_factory.mktemp("survey")))
    names = tuple(row.name for row in rows if row.state in {ToolState.FOUND, ToolState.CACHED})
    if not names:
        pytest.skip(f"no tool is on PATH or in {cache()}: ./suyun rehearse builds them")
    return names


def test_real_tools_say_the_versions_that_are_wanted(
    present: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if extra := os.environ.get("SUYUN_TEST_BIN"):
        monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{extra}")
    told: list[ToolProgress] = []

    async def scene() -> Mapping[str, Binary]:
        async with Supervisor(tmp_path) as supervisor:
            return await Toolchain(cache(), supervisor).ensure(present, told.append)

    binaries = asyncio.run(scene())

    assert tuple(binaries) == present
    assert all(binary.version in PINS[name].acceptable for name, binary in binaries.items())
    assert {binary.origin for binary in binaries.values()} <= {"path", "cache"}
    assert told[-1].seconds_left == 0


def test_real_assets_hold_the_projects_manifests(present: tuple[str, ...], tmp_path: Path) -> None:
    assert present

    async def scene() -> Mapping[str, Path]:
        async with Supervisor(tmp_path) as supervisor:
            return await Toolchain(cache(), supervisor).assets(tuple(ASSETS))

    folders = asyncio.run(scene())

    for name in CRDS:
        kinds = [file.read_text() for file in folders[name].glob("*.yaml")]
        found = sum("kind: CustomResourceDefinition" in text for text in kinds)
        assert found >= max(1, len(ASSETS[name].files))
        wanted = [f"\n  name: {one}\n" in "".join(kinds) for one in ASSETS[name].definitions]
        assert all(wanted)
        assert not wanted or "".join(kinds).count("kind: CustomResourceDefinition") == len(wanted)
    assert any(folders["kwok-stages"].glob("node/**/*.yaml"))
    assert any(folders["kwok-stages"].glob("pod/**/*.yaml"))
