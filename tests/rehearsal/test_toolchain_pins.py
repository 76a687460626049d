"""Pins agree with the Go modules beside them, and versions compare as people mean them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.toolchain.assets import MODULE
from rehearsal.toolchain.go import NEWEST_WANTED
from rehearsal.toolchain.pins import ASSETS, GO_TOOLS, PINS, Acceptable, Asset, GoTool, parse
from rehearsal.toolchain.toolchain import SOURCES

VERSIONS = st.tuples(*[st.integers(0, 400)] * 3)


def required(folder: str, module: str) -> str:
    text = (SOURCES / folder / "go.mod").read_text()
    found = re.search(rf"^\s*(?:require )?{re.escape(module)} (\S+)", text, re.MULTILINE)
    return found.group(1) if found else "not required"


def wants_go(module: Path) -> str:
    found = re.search(r"^go (\S+)$", module.read_text(), re.MULTILINE)
    assert found
    return found.group(1)


@pytest.mark.parametrize("tool", GO_TOOLS, ids=lambda tool: tool.name)
def test_a_tool_is_pinned_as_its_go_mod_requires(tool: GoTool) -> None:
    assert required(tool.folder, tool.module) == tool.module_version
    assert tool.version in tool.acceptable
    assert (SOURCES / tool.folder / "go.sum").is_file()


@pytest.mark.parametrize("asset", ASSETS.values(), ids=lambda asset: asset.name)
def test_an_asset_is_pinned_as_go_mod_requires(asset: Asset) -> None:
    assert required(MODULE, asset.module) == asset.module_version


def test_every_folder_of_tools_is_pinned() -> None:
    folders = {path.name for path in SOURCES.iterdir() if path.is_dir()}

    assert folders == {tool.folder for tool in GO_TOOLS} | {MODULE}


def test_the_go_that_is_asked_for_is_new_enough_for_every_module() -> None:
    wanted = max(parse(wants_go(module)) for module in SOURCES.glob("*/go.mod"))

    assert parse(NEWEST_WANTED) >= wanted


def test_releases_are_pinned_by_a_sha256_over_https() -> None:
    releases = [release for tool in GO_TOOLS for release in tool.releases.values()]

    assert all(re.fullmatch(r"[0-9a-f]{64}", release.sha256) for release in releases)
    assert all(release.url.startswith("https://") for release in releases)
    assert len({release.sha256 for release in releases}) == len(releases)


def test_packages_come_before_builds() -> None:
    kinds = [isinstance(pin, GoTool) for pin in PINS.values()]

    assert kinds == sorted(kinds)


@given(VERSIONS, VERSIONS, VERSIONS)
def test_acceptable_is_a_half_open_range(
    low: tuple[int, ...], high: tuple[int, ...], it: tuple[int, ...]
) -> None:
    text = ".".join(str(part) for part in it)

    assert (text in Acceptable(at_least=low, below=high)) == (low <= it < high)
    assert parse(text) == it
