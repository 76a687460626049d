"""boto3 clients of a zone, such as Ceph understands, and one that does not block whoever waits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.objects.access import ObjectAccess
from rehearsal.objects.errors import ObjectStoreError


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long a client waits for a connection, and then for an answer. Seconds."""

    connect_seconds: float
    read_seconds: float


OPERATORS = Patience(connect_seconds=2.0, read_seconds=10.0)
PEOPLES = Patience(connect_seconds=1.0, read_seconds=3.0)
"""Who is waited for by a person gives up early, and asks elsewhere."""


class StoreClient:
    """An object store's client, by boto3, in threads of its own.

    Each request is made once. All raise ObjectStoreError, its cause a short name for what was seen.
    """

    def __init__(self, access: ObjectAccess, threads: int = 4) -> None:
        self.zonegroup = access.zonegroup
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="objects")
        self._client = s3(access, patience=PEOPLES)

    async def make_bucket(self, bucket: str) -> None:
        """A bucket of this zonegroup, or the one that is there."""
        await self._do(self._make_bucket, bucket)

    async def put(self, bucket: str, key: str, body: bytes) -> None:
        """Puts an object whole."""
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
            raise ObjectStoreError(seen(error), "see the gateway's log") from error

    def _put(self, bucket: str, key: str, body: bytes) -> None:
        self._client.put_object(Bucket=bucket, Key=key, Body=body)

    def _get(self, bucket: str, key: str) -> bytes:
        return bytes(self._client.get_object(Bucket=bucket, Key=key)["Body"].read())

    def _make_bucket(self, bucket: str) -> None:
        try:
            self._client.head_bucket(Bucket=bucket)
        except ClientError:
            where = {"LocationConstraint": self.zonegroup}
            self._client.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)


def s3(access: ObjectAccess, *, attempts: int = 1, patience: Patience = OPERATORS) -> Any:  # noqa: ANN401 - boto3 has no types
    """A client that asks as often as that before it gives up. It may be used by many threads.

    Checksums only where the protocol wants them: Ceph before 18 takes no trailing ones. Raises
    ObjectStoreError when the secret key cannot be read.
    """
    try:
        secret_key = access.keys.secret_key
    except OSError as error:
        raise ObjectStoreError(
            f"the secret key cannot be read: {error}", f"start what {access.endpoint} is part of"
        ) from error
    return boto3.client(
        "s3",
        endpoint_url=access.endpoint,
        verify=str(access.ca_file),
        aws_access_key_id=access.access_key,
        aws_secret_access_key=secret_key,
        region_name=access.zonegroup,
        config=Config(
            connect_timeout=patience.connect_seconds,
            read_timeout=patience.read_seconds,
            retries={"total_max_attempts": attempts},
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


async def done(access: ObjectAccess, action: str, **arguments: object) -> Mapping[str, Any]:
    """What S3 answers to that, an object's `Body` read whole. Raises ObjectStoreError."""

    def ask() -> Mapping[str, Any]:
        answer = getattr(s3(access), action)(**arguments)
        return {**answer, "Body": answer["Body"].read()} if "Body" in answer else answer

    try:
        return await asyncio.to_thread(ask)
    except (BotoCoreError, ClientError) as error:
        raise ObjectStoreError(f"{action} at {access.endpoint}: {error}", "see its logs") from error


def keys(store: Any, bucket: str) -> Iterator[str]:  # noqa: ANN401 - boto3 has no types
    """Every object of the bucket. Raises as boto3 does."""
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", ()):
            yield found["Key"]


def seen(error: Exception) -> str:
    """A short name: the store's code, or the class of the error."""
    response: Mapping[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)
