"""The stage of drills beside a data world that is somebody else's."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from evidence.run import RunFolder
from processes.supervisor import Supervisor
from rehearsal.data.errors import DataError
from rehearsal.data.status import WorldStatus, status_file, world_folder
from release.drill_stage import DrillStage, DrillStageOrder
from release.workspace import ROOT, Workspace
from tests.worlds import PROVINCE_FILE


def test_a_world_that_stands_already_is_left_alone(tmp_path: Path) -> None:
    world_folder(tmp_path).mkdir()
    standing = WorldStatus.mine(state="ready", doing="standing", began=time.time(), has_links=False)
    status_file(tmp_path).write(standing)
    workspace = Workspace(root=ROOT, state=tmp_path, runs=tmp_path / "runs", cache=tmp_path)
    said: list[str] = []
    stage = DrillStage(
        DrillStageOrder(
            workspace=workspace, province_file=PROVINCE_FILE, users=100, think_scale=1.0
        ),
        said.append,
    )
    run = RunFolder.create(workspace.runs, "20261124-120000-abcd")

    async def finish() -> None:
        async with Supervisor(tmp_path / "rehearsal") as supervisor:
            try:
                await stage.finish(supervisor, run, lambda _: None)
            finally:
                await stage.close(supervisor)

    with pytest.raises(DataError, match="a data world stands that is not this rehearsal's"):
        asyncio.run(finish())
    assert status_file(tmp_path).read() == standing
    assert (said, run.topics()) == ([], ())
