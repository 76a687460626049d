"""What people do to a bucket by mistake or with stolen keys: all of its objects at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.data.content import content
from rehearsal.data.errors import DataError
from rehearsal.data.people import connect
from rehearsal.objects.access import ObjectAccess

_AT_ONCE = 4
_NOISE_BYTES = 4096


async def delete_all(access: ObjectAccess, bucket: str) -> int:
    """Deletes every object, as whoever may write there can. Returns how many. Raises DataError."""
    return await _to_each(access, bucket, _delete)


async def overwrite_all(access: ObjectAccess, bucket: str) -> int:
    """Overwrites every object with noise. Returns how many. Raises DataError."""
    return await _to_each(access, bucket, _overwrite)


def _delete(store: Any, bucket: str, key: str) -> None:  # noqa: ANN401 - boto3 has no types
    store.delete_object(Bucket=bucket, Key=key)


def _overwrite(store: Any, bucket: str, key: str) -> None:  # noqa: ANN401 - boto3 has no types
    store.put_object(Bucket=bucket, Key=key, Body=content(f"noise/{key}", _NOISE_BYTES))


async def _to_each(access: ObjectAccess, bucket: str, act: Callable[[Any, str, str], None]) -> int:
    def work() -> int:
        store = connect(access)
        keys = list(_keys(store, bucket))
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            list(threads.map(lambda key: act(store, bucket, key), keys))
        return len(keys)

    try:
        return await asyncio.to_thread(work)
    except (BotoCoreError, ClientError, OSError) as error:
        raise DataError(f"{bucket} was not reached: {error}", "./suyun data status") from error


def _keys(store: Any, bucket: str) -> Iterator[str]:  # noqa: ANN401 - boto3 has no types
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", ()):
            yield found["Key"]
