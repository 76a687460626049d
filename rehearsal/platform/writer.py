"""Writes to SQLite that share a commit.

`synchronous = FULL` makes a commit durable, so that an acknowledged submission survives a crash;
such a commit costs milliseconds, which is why all writes that wait for one share it, and why one
waits a moment for others (PostgreSQL: `commit_delay`).
"""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rehearsal.platform.storage import StorageError

_GATHER_SECONDS = 0.02
"""How long the first write of a batch waits for others."""
_BUSY_SECONDS = 10.0
"""How long a commit waits for that of another process."""


@dataclass(frozen=True, slots=True)
class _Write:
    """One statement and where its row number is awaited."""

    statement: str
    values: tuple[object, ...]
    done: asyncio.Future[int]


class BatchWriter:
    """Commits everything that waits at once, in a thread of its own."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._waiting: list[_Write] = []
        self._task: asyncio.Task[None] | None = None
        self._database: sqlite3.Connection | None = None

    async def write(self, statement: str, *values: object) -> int:
        """Runs the statement and returns its row's number, once it is committed."""
        write = _Write(statement, values, asyncio.get_running_loop().create_future())
        self._waiting.append(write)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await write.done

    async def close(self) -> None:
        """Waits for the writes under way and closes the database."""
        if self._task is not None:
            await self._task
        await asyncio.get_running_loop().run_in_executor(self._thread, self._shut)
        self._thread.shutdown()

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(_GATHER_SECONDS)
            batch, self._waiting = self._waiting, []
            try:
                numbers = await loop.run_in_executor(self._thread, self._commit, batch)
            except sqlite3.Error as error:
                _fail(batch, StorageError(str(error)))
            else:
                _acknowledge(batch, numbers)

    def _commit(self, batch: list[_Write]) -> list[int]:
        database = self._opened()
        database.execute("BEGIN IMMEDIATE")
        try:
            numbers = [
                database.execute(write.statement, write.values).lastrowid or 0 for write in batch
            ]
            database.execute("COMMIT")
        except sqlite3.Error:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
        return numbers

    def _opened(self) -> sqlite3.Connection:
        """The writing connection, which belongs to the writer's thread."""
        if self._database is None:
            self._database = sqlite3.connect(
                self._file, timeout=_BUSY_SECONDS, isolation_level=None
            )
            self._database.execute("PRAGMA synchronous = FULL")
        return self._database

    def _shut(self) -> None:
        if self._database is not None:
            self._database.close()


def _acknowledge(batch: list[_Write], numbers: list[int]) -> None:
    for write, number in zip(batch, numbers, strict=True):
        if not write.done.done():
            write.done.set_result(number)


def _fail(batch: list[_Write], error: StorageError) -> None:
    for write in batch:
        if not write.done.done():
            write.done.set_exception(error)
