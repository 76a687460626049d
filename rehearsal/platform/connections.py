"""Kept connections to one server of the base database.

Not asyncpg's pool: that sends a statement more for each connection that is given back, waits for a
silent server to confirm that it gave up, and knows one server alone. Here each statement is a
transaction of its own, and a connection whose statement got no answer is never used again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

import asyncpg

from rehearsal.database import client
from rehearsal.database.client import BROKEN, DatabaseAccess
from rehearsal.database.errors import DatabaseError
from rehearsal.platform.storage import StorageError

CONNECT_SECONDS = 1.0
AT_ONCE = 6
"""One process' share of the 300 connections that the role may have at a server, twice over: those
who read and those who write do not wait for each other."""
_NO_ANSWER = (*BROKEN, DatabaseError)
_OF_NO_MORE_USE = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)
"""Of PostgreSQL's own errors those after which the connection is of no more use."""
Rows = Sequence[Mapping[str, Any]]


class Connection(Protocol):
    """What is used of asyncpg's."""

    async def fetch(self, statement: str, *values: object) -> Rows:
        """Runs one statement and returns its rows."""

    def is_closed(self) -> bool:
        """Whether either end has gone."""

    def terminate(self) -> None:
        """Goes without a word."""


class NothingSentError(StorageError):
    """The server has not seen the statement, or would not have it: it may go to another."""


class NotThereError(StorageError):
    """The statement asks for what no column can hold, such as a text with a zero."""


class Connections:
    """At most `AT_ONCE` statements at a time, the others wait in line."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        self._connect = connect
        self._kept: list[Connection] = []
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, statement: str, *values: object) -> Rows:
        """The rows of one statement, which is committed then.

        Raises NothingSentError, NotThereError, and StorageError where nobody knows what was done.
        However it ends, the connection is given back or gone.
        """
        async with self._turns:
            connection = await self._ready()
            try:
                rows = await connection.fetch(statement, *values)
            except BaseException as error:
                self._give_back(connection, error)
                if isinstance(error, _NO_ANSWER):
                    raise _told(error) from error
                raise
            self._kept.append(connection)
            return rows

    def close(self) -> None:
        """Lets go of those that nobody uses."""
        while self._kept:
            self._kept.pop().terminate()

    async def _ready(self) -> Connection:
        while self._kept:
            connection = self._kept.pop()
            if not connection.is_closed():
                return connection
        try:
            return await self._connect()
        except _NO_ANSWER as error:
            raise NothingSentError(f"no connection: {_name(error)}") from error

    def _give_back(self, connection: Connection, error: BaseException) -> None:
        """Where one got no answer, the others that are kept would get none either."""
        self._kept.append(connection)
        if not isinstance(error, asyncpg.PostgresError) or isinstance(error, _OF_NO_MORE_USE):
            self.close()


def connections(access: DatabaseAccess) -> Connections:
    """Those of a real server."""

    @lru_cache(maxsize=1)
    def context() -> Any:  # noqa: ANN401 - reading the authority's certificate takes a while
        return access.context()

    async def connect() -> Connection:
        connection: Connection = await client.connect(
            access, context(), connect_seconds=CONNECT_SECONDS
        )
        return connection

    return Connections(connect)


def _told(error: BaseException) -> StorageError:
    if isinstance(error, asyncpg.DataError):
        return NotThereError(str(error))
    if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
        return NothingSentError("it follows another")
    return StorageError(f"the database: {_name(error)}")


def _name(error: BaseException) -> str:
    return f"{type(error).__name__} {error}".strip()
