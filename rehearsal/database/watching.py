"""Keeps an eye on who leads: how far its WAL was when it was last seen, once a second.

Of a server that is gone nothing else tells how much the others lack.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rehearsal.database.client import DatabaseAccess, session
from rehearsal.database.errors import DatabaseError

_SECONDS = 1.0
_WRITTEN = """
SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() - '0/0'::pg_lsn END
"""


class Watch:
    """A task from `start` to `stop`. `leader` says how to reach whoever leads now."""

    def __init__(self, leader: Callable[[], DatabaseAccess]) -> None:
        self._leader = leader
        self._task: asyncio.Task[None] | None = None
        self.written: int | None = None
        """Bytes of WAL on the leader's disk when it was last seen."""

    def start(self) -> None:
        """Begins to look."""
        self._task = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """Ends it; harmless when it has ended."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        while True:
            try:
                await self._look_at(self._leader())
            except DatabaseError:
                await asyncio.sleep(_SECONDS)

    async def _look_at(self, leader: DatabaseAccess) -> None:
        """Until somebody else leads. Raises DatabaseError when it does not answer."""
        async with session(leader, _SECONDS) as connection:
            while self._leader() == leader:
                written = await connection.fetchval(_WRITTEN)
                if written is not None:
                    self.written = int(written)
                await asyncio.sleep(_SECONDS)
