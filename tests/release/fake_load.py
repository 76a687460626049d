"""Users at work, for tests: one process, and a load that is told instead of measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from evidence.load import LoadPhase, LoadPhaseRecord
from evidence.records import LoadRecord
from evidence.run import RunFolder
from loadtests.order import LoadOrder
from loadtests.progress import LoadProgress
from processes.supervisor import Command, Supervisor
from rehearsal.data import daemon
from tests.release import runs


class FakeLoad:
    """In place of `run_load`. Its users are connected at once, and stay until they are sent home.

    `found_a_world` says whether the data world still stood when they left.
    """

    def __init__(self, state: Path, **record: object) -> None:
        self._state = state
        self._record = record
        self.found_a_world: bool | None = None

    async def __call__(
        self,
        order: LoadOrder,
        supervisor: Supervisor,
        folder: RunFolder,
        on_progress: Callable[[LoadProgress], None],
    ) -> LoadRecord:
        log = supervisor.owner / "users.log"
        users = await supervisor.start(Command(name="users", argv=("sleep", "300"), log=log))
        try:
            folder.append(LoadPhaseRecord(phase=LoadPhase.HOLD, began_at=time.time()))
            on_progress(_all_there(order.users))
            while order.end_file is None or not order.end_file.exists():
                await asyncio.sleep(0.02)
        finally:
            self.found_a_world = daemon.status(self._state) is not None
            await supervisor.stop(users)
        return runs.load(**self._record)


def _all_there(users: int) -> LoadProgress:
    return LoadProgress(
        phase=LoadPhase.HOLD,
        workers=1,
        users_connected=users,
        users_target=users,
        requests_per_second=0.0,
        response_ms_p99=0.0,
        failed=0,
        seconds_left=300.0,
    )
