"""A site is lost under load: its edge really ends, its users turn to another, no count is lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from evidence.load import LoadPhase, LoadPhaseRecord, SiteLossRecord
from evidence.records import EdgeRecord, LoadRecord, RecoveryRecord
from evidence.run import RunFolder
from tests import worlds
from tests.release.commandline import CommandLine, nothing_is_left

pytestmark = [pytest.mark.live, pytest.mark.slow]
USERS, HOLD_SECONDS = 60, 12


def test_users_of_a_lost_site_go_on_at_its_partners_edge(tmp_path: Path) -> None:
    if not (shutil.which("nginx") or shutil.which("/usr/sbin/nginx")):
        pytest.skip("nginx is not installed")
    small = worlds.write(worlds.small(), tmp_path / "small.yaml")
    times = ("--ramp", "2", "--hold", str(HOLD_SECONDS), "--think-scale", "0.03")
    which = ("--shape", "site-loss", "--lost-site", "xuzhou")
    command = CommandLine(
        ["load", "run", "--province", str(small), "--users", str(USERS), *times, *which], tmp_path
    )
    assert command.end(120) == 0, command.text
    nothing_is_left(tmp_path)
    run = RunFolder(tmp_path / "runs" / "latest")
    (load,), (edge,) = run.read(LoadRecord), run.read(EdgeRecord)
    (loss,), (seen,) = run.read(SiteLossRecord), run.read(RecoveryRecord)
    began = {record.phase: record.began_at for record in run.read(LoadPhaseRecord)}
    assert loss.lost_at - began[LoadPhase.HOLD] == pytest.approx(HOLD_SECONDS / 2, abs=1.5)
    # Each meets the closed door about once; whoever was in the middle of a request, perhaps not.
    assert loss.users * 0.8 <= seen.failed <= loss.users * 1.3
    assert load.failed == seen.failed
    assert edge.completed == load.completed == load.started - load.failed
    assert load.responses_refused == 0
    assert seen.recovered_seconds is not None
    assert sum(one.failed for one in seen.seconds if one.second < 0) == 0
    assert f"The edge of xuzhou was lost with {loss.users} users" in command.text
