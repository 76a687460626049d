"""The stage of drills: what can befall data, tried on real stores and judged write by write.

A drill mostly waits, so all but one go on beside the stages that compute. The last one, a whole
site that dies, has users at work on the platform, and the machine to itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from evidence.drills import DrillRecord
from evidence.run import RunFolder
from evidence.verdict import Verdict
from processes.priority import FIRST, USUAL, may_go_first, set_priority
from processes.supervisor import Running, Supervisor
from rehearsal.data import daemon
from rehearsal.data.errors import DataError
from rehearsal.data.status import WorldStatus, ledgers_folder
from release.drill_load import DrillLoad
from release.narrator import Step
from release.workspace import Workspace
from runbooks.reader import FOLDER, read_runbook
from runbooks.runner import Progress, Runner

USERS_MAX = 20_000
"""Both cores bear so many beside the stores that they use."""
BESIDE = (
    "one-catalogue",
    "object-corrupted",
    "bucket-deleted",
    "ransom-overwrite",
    "restore-elsewhere",
    "disk-fills",
    "link-cut",
    "gateway-dies",
    "database-primary-dies",
)
"""One after another, those first that go through all that is stored, for each leaves more there."""
UNDER_LOAD = "site-dies"
THINK_SCALE_MAX = 3.0
"""Those of the load stage may think longer: they are more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DrillStageOrder:
    """Whose data, and how many users are at work at the end, who think so many times as long."""

    workspace: Workspace
    province_file: Path
    users: int
    think_scale: float


class DrillStage:
    """Begun early, finished late, closed in any case: no data world is left."""

    def __init__(self, order: DrillStageOrder, say: Callable[[str], None]) -> None:
        self._order = order
        self._state = order.workspace.state
        self._say = say
        self._ended: list[DrillRecord] = []
        self._beside: asyncio.Task[None] | None = None
        self._world: Running | None = None
        self._is_beside = True

    def begin(self, supervisor: Supervisor, run: RunFolder) -> asyncio.Task[None]:
        """Has the drills go on that nobody has to wait for; again it does nothing."""
        if self._beside is None:
            self._beside = asyncio.create_task(self._drill_beside(supervisor, run))
        return self._beside

    async def finish(
        self, supervisor: Supervisor, run: RunFolder, on_step: Callable[[Step], None]
    ) -> tuple[Verdict, str]:
        """Waits for those, then has the site die. Raises DataError, LoadError, LinksError."""
        await self.begin(supervisor, run)
        self._is_beside = False
        status = await self._stand_up(supervisor)
        load = DrillLoad(
            drill=UNDER_LOAD,
            status=status,
            ledgers=ledgers_folder(self._state),
            province_file=self._order.province_file,
            run=run,
            think_scale=self._order.think_scale,
        )
        async with load.at_work(supervisor, on_step):
            await self._drill(
                UNDER_LOAD, supervisor, run, lambda progress: on_step(_step(progress))
            )
        return self._outcome()

    async def close(self, supervisor: Supervisor) -> None:
        """Gives up what goes on, and ends the world that was begun here."""
        if self._beside is not None:
            self._beside.cancel()
            with suppress(asyncio.CancelledError, Exception):  # told by `finish`, if anybody asked
                await self._beside
        await self._end_world(supervisor)

    async def _drill_beside(self, supervisor: Supervisor, run: RunFolder) -> None:
        for name in BESIDE:
            await self._stand_up(supervisor)
            await self._drill(name, supervisor, run, lambda _: None)

    async def _drill(
        self,
        name: str,
        supervisor: Supervisor,
        run: RunFolder,
        tell: Callable[[Progress], None],
    ) -> None:
        """What a drill that did not pass leaves behind is nobody else's: its world is ended."""
        runner = Runner(
            read_runbook(FOLDER / f"{name}.md"),
            supervisor,
            run,
            env=self._order.workspace.environment(self._order.province_file),
            prefix=("nice", "-n", str(FIRST)) if self._goes_first else (),
        )
        record = await runner.carry_out(tell)
        self._ended.append(record)
        self._say(f"drill {name}: {record.verdict} after {record.seconds:.0f} s: {record.reason}")
        if record.verdict is not Verdict.PASS:
            await self._end_world(supervisor)

    async def _stand_up(self, supervisor: Supervisor) -> WorldStatus:
        """The world of this rehearsal. Raises DataError where another one stands."""
        if self._world is None:
            if daemon.status(self._state) is not None:
                raise DataError(
                    "a data world stands that is not this rehearsal's", "./suyun data stop ends it"
                )
            order = daemon.StartOrder(
                state=self._state,
                province_file=self._order.province_file,
                cache=self._order.workspace.cache,
                users=self._order.users,
            )
            self._world = await daemon.start_as_child(order, supervisor)
        if may_go_first():
            niceness = FIRST if self._goes_first else USUAL
            await asyncio.to_thread(set_priority, self._world.pid, niceness)
        return await daemon.wait_ready(self._state, lambda _: None)

    @property
    def _goes_first(self) -> bool:
        """Beside the stages that compute: elsewhere, a site's stores have machines of their own."""
        return self._is_beside and may_go_first()

    async def _end_world(self, supervisor: Supervisor) -> None:
        if self._world is not None:
            await supervisor.stop(self._world)
            await asyncio.to_thread(daemon.stop, self._state)  # whatever it has left
            self._world = None

    def _outcome(self) -> tuple[Verdict, str]:
        broken = [one for one in self._ended if one.verdict is not Verdict.PASS]
        if broken:
            worst = next((one for one in broken if one.verdict is Verdict.FAIL), broken[0])
            return worst.verdict, f"{worst.drill}: {worst.reason}"
        return Verdict.PASS, (
            f"{len(self._ended)} drills showed what they should, one with "
            f"{self._order.users:,} users at work"
        )


def _step(progress: Progress) -> Step:
    text = progress.title if progress.line is None else progress.line
    return Step(done=0, total=0, text=f"{UNDER_LOAD}, step {progress.step}: {text}")
