"""Finds objects of a copy whose bytes are not those that were stored, and says what they should be.

Every object is read and compared with its own checksum: the MD5 that S3 calls its ETag. What
differs is fetched from the other copy, and taken only if its checksum holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rehearsal.data.errors import DataError
from rehearsal.data.people import asking_stores, connect
from rehearsal.objects.access import ObjectAccess
from rehearsal.objects.client import keys

_AT_ONCE = 4


async def rotten(
    copy: ObjectAccess, other: ObjectAccess, buckets: Sequence[str]
) -> Mapping[str, bytes]:
    """By key, the right bytes of every object of those buckets that is rotten at `copy`.

    Raises DataError where both are, or where one cannot be read.
    """
    return await asking_stores(
        "the copy cannot be read through", lambda: _rotten(copy, other, buckets)
    )


def _rotten(copy: ObjectAccess, other: ObjectAccess, buckets: Sequence[str]) -> dict[str, bytes]:
    here, there = connect(copy), connect(other)
    names = [(bucket, key) for bucket in buckets for key in keys(here, bucket)]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        found = threads.map(lambda name: (*name, _whole(here, *name) is None), names)
        bad = [(bucket, key) for bucket, key, is_bad in found if is_bad]
    return {key: _required(there, bucket, key) for bucket, key in bad}


def _required(store: Any, bucket: str, key: str) -> bytes:  # noqa: ANN401 - boto3 has no types
    body = _whole(store, bucket, key)
    if body is None:
        raise DataError(
            f"{bucket}/{key} is rotten at both copies", "./suyun data restore takes its versions"
        )
    return body


def _whole(store: Any, bucket: str, key: str) -> bytes | None:  # noqa: ANN401 - boto3 has no types
    """The bytes of it; None where they are not those of its checksum."""
    answer = store.get_object(Bucket=bucket, Key=key)
    body = bytes(answer["Body"].read())
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return body if digest == answer["ETag"].strip('"') else None
