"""The base database as one platform process has it: read near, written wherever it is led.

asyncpg connects to several hosts too, one after the other and all within one time limit, so that
the first that is silent takes it all. Here those who might lead are asked at once, by one search
for all who wait.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from rehearsal.platform.connections import (
    Connections,
    NothingSentError,
    NotThereError,
    Rows,
    connections,
)
from rehearsal.platform.engines import Engines
from rehearsal.platform.nearness import Nearness
from rehearsal.platform.storage import StorageError

TRY_SECONDS = 2.0
"""For one server, waiting in line included: a query takes milliseconds, a connection up to 1 s."""
GIVE_UP_SECONDS = 4.5
"""For all of them together: people wait no longer for an error."""
SEARCH_AGAIN_SECONDS = 0.5
_LEADS = "SELECT NOT pg_is_in_recovery() AS leads"


class Database:
    """Its holders' servers, by site, the nearest first: as they are read, and as they are written.

    Both are the same servers; whoever waits for a commit must not keep those who read waiting.
    """

    def __init__(
        self,
        reading: Mapping[str, Connections],
        writing: Mapping[str, Connections],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reading = reading
        self._writing = writing
        self._clock = clock
        self._nearness = Nearness(clock)
        self._leader: str | None = None
        self._search: asyncio.Task[str] | None = None
        self._search_again_at = 0.0

    @classmethod
    def of(cls, engines: Engines) -> Database:
        """That of real servers; nothing is connected yet."""
        return cls(
            reading={one.site: connections(one.access) for one in engines.databases},
            writing={one.site: connections(one.access) for one in engines.databases},
        )

    async def read(self, statement: str, *values: object) -> Rows:
        """Its rows at the nearest server that answers. Raises StorageError when none does."""
        try:
            async with asyncio.timeout(GIVE_UP_SECONDS):
                return await self._read(statement, values)
        except TimeoutError as error:
            raise StorageError("no database answers in time") from error

    async def write(self, statement: str, *values: object) -> Rows:
        """Its rows where it was committed. Raises StorageError when it was not, or maybe was."""
        try:
            async with asyncio.timeout(GIVE_UP_SECONDS):
                return await self._write(statement, values)
        except TimeoutError as error:
            self._leader = None
            raise StorageError("the database does not confirm in time") from error

    async def close(self) -> None:
        """Lets all connections go."""
        if self._search is not None:
            self._search.cancel()
            await asyncio.gather(self._search, return_exceptions=True)
        for server in (*self._reading.values(), *self._writing.values()):
            server.close()

    async def _read(self, statement: str, values: tuple[object, ...]) -> Rows:
        seen = "none is known"
        for site in self._nearness.order(tuple(self._reading)):
            try:
                async with asyncio.timeout(TRY_SECONDS):
                    rows = await self._reading[site].fetch(statement, *values)
            except NotThereError:
                return ()
            except (StorageError, TimeoutError) as error:
                self._nearness.failed(site)
                seen = f"{site}: {error or 'silent'}"
                continue
            self._nearness.answered(site)
            return rows
        raise StorageError(f"no database answers; {seen}")

    async def _write(self, statement: str, values: tuple[object, ...]) -> Rows:
        """Sent once; again only where it was certainly not done: at a server that has gone."""
        try:
            return await self._write_at(await self._leads(), statement, values)
        except NothingSentError:
            return await self._write_at(await self._leads(), statement, values)

    async def _write_at(self, site: str, statement: str, values: tuple[object, ...]) -> Rows:
        try:
            return await self._writing[site].fetch(statement, *values)
        except NotThereError:
            raise
        except StorageError:
            self._leader = None
            raise

    async def _leads(self) -> str:
        """The site that takes writes. Raises StorageError while nobody does."""
        if self._leader is None:
            if self._clock() < self._search_again_at:
                raise StorageError("no database takes writes just now")
            if self._search is None:
                self._search = asyncio.create_task(self._find())
            self._leader = await asyncio.shield(self._search)
        return self._leader

    async def _find(self) -> str:
        """Asks all; the first who says that it leads is taken at its word.

        That two say so is prevented where one is promoted (`rehearsal.database.promotion`). Raises
        StorageError when nobody does.
        """
        asking = [asyncio.create_task(self._ask(site)) for site in self._writing]
        try:
            for answer in asyncio.as_completed(asking):
                if (site := await answer) is not None:
                    return site
            self._search_again_at = self._clock() + SEARCH_AGAIN_SECONDS
            raise StorageError("no database takes writes")
        finally:
            self._search = None
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    async def _ask(self, site: str) -> str | None:
        try:
            async with asyncio.timeout(TRY_SECONDS):
                rows = await self._writing[site].fetch(_LEADS)
        except (StorageError, TimeoutError):
            return None
        return site if rows[0]["leads"] else None
