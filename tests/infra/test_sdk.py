"""The mends of Pulumi's SDK that save whole processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pulumi import automation

from infra.fleet import sdk
from rehearsal.toolchain.pins import PINS


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the commands that were asked of a Pulumi that does nothing."""
    for name in ("outputs", "info"):
        monkeypatch.setattr(automation.Stack, name, getattr(automation.Stack, name))
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/calls\n')
    program.chmod(0o755)
    return tmp_path / "calls"


def test_an_operation_is_one_command(calls: Path) -> None:
    sdk.ask_nothing_afterwards()
    workspace = sdk.Workspace(
        lock=calls.parent / "lock",
        work_dir=str(calls.parent),
        pulumi_command=sdk.Pulumi(calls.parent),
        program=lambda: None,
    )
    stack = automation.Stack.select("rehearsal.main", workspace)
    stack.up()
    stack.destroy()
    assert calls.read_text().split() == ["up", "destroy"]


def test_no_pulumi_is_taken_that_is_older_than_the_sdk(tmp_path: Path) -> None:
    """So nobody has to ask it for its version before each operation."""
    version = sdk.Pulumi(tmp_path).version
    assert (version.major, version.minor, version.patch) <= PINS["pulumi"].acceptable.at_least
