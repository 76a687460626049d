"""`python -m tests.release.fake_world STATE`: what a data world is to others, without stores."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path

from processes.supervisor import Command, Supervisor
from rehearsal.data.status import Entrance, WorldStatus, status_file, world_folder


class FakeWorld:
    """Says at once that it stands; has one server, and a key that nobody else may keep."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._folder = world_folder(state)

    async def stand(self) -> None:
        """Until SIGTERM."""
        over = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
        async with Supervisor(self._folder) as supervisor:
            server = Command(
                name="a server", argv=("sleep", "300"), log=self._folder / "server.log"
            )
            await supervisor.start(server)
            (self._folder / "pki").mkdir()
            status_file(self._state).write(standing(self._state))
            await over.wait()
        status_file(self._state).forget()


def standing(state: Path) -> WorldStatus:
    """What it says, with this process for its own."""
    return WorldStatus.mine(
        state="ready",
        doing="standing",
        began=time.time(),
        has_links=False,
        users=100,
        entrances=(Entrance(site="main", hostname="main", address="127.93.1.1", port=8443),),
        secret_file=world_folder(state) / "secret",
    )


if __name__ == "__main__":
    asyncio.run(FakeWorld(Path(sys.argv[1])).stand())
