"""People's clients: an object store's and the database's, as an application has them.

They give up early and say what they saw; who uses them decides where to ask next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import asyncpg
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.data.content import sha256
from rehearsal.data.errors import DataError
from rehearsal.database import client as database
from rehearsal.database.client import BROKEN, DatabaseAccess
from rehearsal.objects import client as objects
from rehearsal.objects.access import ObjectAccess
from rehearsal.objects.client import seen
from rehearsal.objects.errors import ObjectStoreError
from rehearsal.objects.reasons import mending, reason

T = TypeVar("T")
CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 3.0
_INSERT = """
INSERT INTO probes (writer, sequence, site, body, sha256) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (writer, sequence) DO UPDATE SET at = clock_timestamp()
"""
"""Sent again, it has to be confirmed again: doing nothing would be acknowledged at once, although
the first try may have reached no other site. So the row is written anew."""


class SeenError(DataError):
    """What a client saw instead of an answer: a short name for it."""

    def __init__(self, seen: str) -> None:
        super().__init__(seen, "see the servers' logs")


class ObjectClient(Protocol):
    """Objects of one zone. Both raise SeenError."""

    async def put(self, bucket: str, key: str, body: bytes) -> None:
        """Acknowledged once it returns."""

    async def get(self, bucket: str, key: str) -> bytes:
        """The bytes of it."""


class RowClient(Protocol):
    """Rows of the base database, at one site. Raises SeenError."""

    async def insert(self, writer: str, sequence: int, site: str, body: bytes) -> None:
        """Acknowledged once it returns."""

    async def close(self) -> None:
        """Lets the connection go."""


class StoreClient(objects.StoreClient):
    """An object store's client, in threads of its own. Raises SeenError."""

    async def _do(self, act: Any, *arguments: object) -> Any:  # noqa: ANN401 - boto3 has no types
        try:
            return await super()._do(act, *arguments)
        except ObjectStoreError as error:
            raise SeenError(error.cause) from error


class PeopleRows:
    """A connection to the base database that is kept, and made again when it broke."""

    def __init__(self, access: DatabaseAccess) -> None:
        self._access = access
        self._connection: Any = None

    async def insert(self, writer: str, sequence: int, site: str, body: bytes) -> None:
        """Commits one row. Raises SeenError."""
        try:
            if self._connection is None:
                self._connection = await connect_rows(self._access)
            await self._connection.execute(_INSERT, writer, sequence, site, body, sha256(body))
        except BROKEN as error:
            await self.close()
            raise SeenError(seen(error)) from error

    async def close(self) -> None:
        """At once: who is not answered does not say goodbye."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection.terminate()


async def connect_rows(access: DatabaseAccess) -> Any:  # noqa: ANN401 - asyncpg has no types
    """A connection to the base database that gives up early. Raises as asyncpg does."""
    return await database.connect(
        access,
        access.context(),
        connect_seconds=CONNECT_SECONDS,
        answer_seconds=ANSWER_SECONDS,
    )


def connect(access: ObjectAccess) -> Any:  # noqa: ANN401 - boto3 has no types
    """A boto3 client of one zone that tries once. Raises DataError when the key's file is not."""
    try:
        return objects.s3(access, patience=objects.PEOPLES)
    except ObjectStoreError as error:
        raise DataError(error.cause, error.hint) from error


async def asking_stores(failing: str, work: Callable[[], T]) -> T:
    """Does that in a thread, for boto3 blocks. What a store refuses is a DataError of `failing`."""
    try:
        return await asyncio.to_thread(work)
    except (BotoCoreError, ClientError, OSError) as error:
        raise DataError(
            f"{failing}: {reason(error)}",
            mending(error, "./suyun data status says what stands"),
        ) from error
