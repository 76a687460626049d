"""People's clients: an object store's and the database's, as an application has them.

They give up early and say what they saw; who uses them decides where to ask next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

import asyncpg
import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.data.content import sha256
from rehearsal.data.errors import DataError
from rehearsal.database.client import DatabaseAccess
from rehearsal.objects.access import ObjectAccess

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


class StoreClient:
    """An object store's client, by boto3, in threads of its own. Raises SeenError."""

    def __init__(self, access: ObjectAccess, threads: int = 4) -> None:
        self.zonegroup = access.zonegroup
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="people")
        self._client = connect(access)

    async def make_bucket(self, bucket: str, *, is_versioned: bool) -> None:
        """A bucket of this zonegroup, or the one that is there."""
        await self._do(self._make_bucket, bucket, is_versioned)

    async def put(self, bucket: str, key: str, body: bytes) -> None:
        """Puts an object whole; no client tries again by itself."""
        await self._do(self._put, bucket, key, body)

    async def get(self, bucket: str, key: str) -> bytes:
        """Reads an object whole."""
        body: bytes = await self._do(self._get, bucket, key)
        return body

    def close(self) -> None:
        """Lets the threads go when they have done what they are at."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _do(self, act: Any, *arguments: object) -> Any:  # noqa: ANN401 - boto3 has no types
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, act, *arguments)
        except (BotoCoreError, ClientError, OSError) as error:
            raise SeenError(seen(error)) from error

    def _put(self, bucket: str, key: str, body: bytes) -> None:
        self._client.put_object(Bucket=bucket, Key=key, Body=body)

    def _get(self, bucket: str, key: str) -> bytes:
        return bytes(self._client.get_object(Bucket=bucket, Key=key)["Body"].read())

    def _make_bucket(self, bucket: str, is_versioned: bool) -> None:  # noqa: FBT001 - passed on by the executor
        try:
            self._client.head_bucket(Bucket=bucket)
        except ClientError:
            where = {"LocationConstraint": self.zonegroup}
            self._client.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        if is_versioned:
            self._client.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            )


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
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
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
    return await asyncpg.connect(
        host=access.host,
        port=access.port,
        user=access.user,
        password=access.password,
        database=access.database,
        ssl=access.context(),
        timeout=CONNECT_SECONDS,
        command_timeout=ANSWER_SECONDS,
    )


def connect(access: ObjectAccess) -> Any:  # noqa: ANN401 - boto3 has no types
    """A boto3 client of one zone that tries once. Raises DataError when the key's file is not."""
    try:
        secret = access.secret_key_file.read_text("utf-8").strip()
    except OSError as error:
        raise DataError(
            f"the secret key cannot be read: {error}", "start the world again"
        ) from error
    return boto3.client(
        "s3",
        endpoint_url=access.endpoint,
        verify=str(access.ca_file),
        aws_access_key_id=access.access_key,
        aws_secret_access_key=secret,
        region_name=access.zonegroup,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            # Ceph 16 does not know the trailers in which newer clients send their checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def seen(error: Exception) -> str:
    """A short name: the store's code, or the class of the error."""
    response: Mapping[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)
