"""Ctrl-C in a rehearsal while its drills go on: drill, users and data world are ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from evidence.drills import DrillRecord
from evidence.run import RunFolder
from evidence.verdict import Verdict
from processes.leftovers import leftovers
from processes.supervisor import Supervisor
from rehearsal.data import daemon
from rehearsal.data.status import status_file, world_folder
from release import drill_load, drill_stage, rehearse
from release.crowd import Crowd
from release.interrupts import run
from release.narrator import Narrator
from release.workspace import ROOT, Workspace
from tests import worlds
from tests.release.fake_load import FakeLoad

BESIDE, UNDER_LOAD = "beside", "under-load"


class OnlyDrills(rehearse.Rehearsal):
    """A rehearsal of one stage: one beside which a drill goes on, or that of drills itself."""

    is_beside = True

    def _stages(self) -> tuple[rehearse.Stage, ...]:
        work = self._compute if self.is_beside else self._drilled
        return (rehearse.Stage(name="only", text="", work=work, needs=frozenset()),)

    async def _compute(self, supervisor: Supervisor, folder: RunFolder) -> rehearse.Outcome:
        self._drills.begin(supervisor, folder)
        await asyncio.Event().wait()
        return Verdict.PASS, "never"


class Scene:
    """A rehearsal's folders, its one drill and the moment at which that is amid its step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gate = folder / "gate"
        self.workspace = Workspace(
            root=ROOT, state=folder / "state", runs=folder / "runs", cache=folder / "cache"
        )
        self.load = FakeLoad(self.workspace.state)
        book = f"touch {self.gate}; sleep 20 & sleep 20"
        for name in (BESIDE, UNDER_LOAD):
            (folder / f"{name}.md").write_text(
                f"# A drill\n\nFor tests.\n\n## Wait\n\n```sh\n{book}\n```\n\n"
                "```expect\nexit 0\n```\n"
            )

    def interrupted(self, *, is_beside: bool) -> None:
        """Ctrl-C comes amid the drill; raises what the command line would see."""
        order = rehearse.RehearsalOrder(
            province_file=worlds.write(worlds.small(), self.folder / "small.yaml"),
            crowd=Crowd(users=100, ramp_seconds=1, hold_seconds=1, seed=0),
            parallel=1,
            drills=True,
        )
        rehearsal = OnlyDrills(order, self.workspace, Narrator())
        rehearsal.is_beside = is_beside
        threading.Thread(target=self._interrupt, daemon=True).start()
        run(rehearsal.run())

    def _interrupt(self) -> None:
        deadline = time.monotonic() + 30
        while not self.gate.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    def left(self) -> list[str]:
        """Processes, and what the world kept."""
        state = self.workspace.state
        owners = (state / "rehearsal", world_folder(state))
        alive = [str(process) for owner in owners for process in leftovers(owner)]
        kept = [str(path) for path in world_folder(state).glob("pki")]
        return [*alive, *kept, *filter(None, [str(status_file(state).read() or "")])]

    def ended(self) -> list[DrillRecord]:
        return list(RunFolder.open(self.workspace.runs / "latest").read(DrillRecord))


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = Scene(tmp_path)
    state = str(made.workspace.state)
    argv = (sys.executable, "-m", "tests.release.fake_world", state)
    monkeypatch.setattr(daemon.StartOrder, "argv", argv)
    monkeypatch.setattr(daemon, "require_possible", lambda: None)
    monkeypatch.setattr(drill_stage, "FOLDER", tmp_path)
    monkeypatch.setattr(drill_stage, "BESIDE", (BESIDE,))
    monkeypatch.setattr(drill_stage, "UNDER_LOAD", UNDER_LOAD)
    monkeypatch.setattr(drill_load, "run_load", made.load)
    return made


def test_ctrl_c_beside_another_stage_leaves_nothing(scene: Scene) -> None:
    with pytest.raises(KeyboardInterrupt):
        scene.interrupted(is_beside=True)
    assert scene.left() == []
    (ended,) = scene.ended()
    assert (ended.drill, ended.verdict) == (BESIDE, Verdict.UNKNOWN)
    assert "broken off" in ended.reason


def test_ctrl_c_with_users_at_work_leaves_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill_stage, "BESIDE", ())
    with pytest.raises(KeyboardInterrupt):
        scene.interrupted(is_beside=False)
    assert scene.load.found_a_world, "users ask a world that is gone"
    assert scene.left() == []
    (ended,) = scene.ended()
    assert (ended.drill, ended.verdict) == (UNDER_LOAD, Verdict.UNKNOWN)
    assert "broken off" in ended.reason
