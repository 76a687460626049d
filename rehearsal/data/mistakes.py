"""What people do to a bucket by mistake or with stolen keys: all of its objects at once.

A thief goes on where a mistake ends: versions, and whatever keeps them. What the store answered
is not asked after that, but what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.data.content import content
from rehearsal.data.people import asking_stores, connect
from rehearsal.objects.access import ObjectAccess
from rehearsal.objects.client import keys

_AT_ONCE = 4
_AT_A_TIME = 1000
"""Versions that one request may name."""
_ONE_BY_ONE = 20
"""So many versions are tried by a request of their own too; a refusal takes 40 ms."""
_NOISE_BYTES = 4096
_REFUSALS = {"AccessDenied", "BucketNotEmpty"}
_GONE_SOON = {
    "ID": "gone",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
}
_LOOSENING: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "policy": ("delete_bucket_policy", {}),
    "versioning": ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
    "lifecycle": (
        "put_bucket_lifecycle_configuration",
        {"LifecycleConfiguration": {"Rules": [_GONE_SOON]}},
    ),
}
"""What stands between a thief and the versions, and the request that would take it away."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Purge:
    """How many versions there were in a bucket, how many a thief removed, what gave way to it."""

    versions: int
    removed: int
    loosened: tuple[str, ...]

    @property
    def is_in_vain(self) -> bool:
        """Whether nothing was removed, nor will be."""
        return not self.removed and not self.loosened


def removed(purges: Sequence[Purge]) -> str:
    """Of all of them, in words."""
    return f"{sum(one.removed for one in purges):,} of {sum(one.versions for one in purges):,}"


async def delete_all(access: ObjectAccess, bucket: str) -> int:
    """Deletes every object, as whoever may write there can. Returns how many. Raises DataError."""
    return await _to_each(access, bucket, _delete)


async def overwrite_all(access: ObjectAccess, bucket: str) -> int:
    """Overwrites every object with noise. Returns how many. Raises DataError."""
    return await _to_each(access, bucket, _overwrite)


async def delete_bucket(access: ObjectAccess, bucket: str) -> bool:
    """Deletes the bucket itself, and says whether it is gone. Raises DataError."""

    def work() -> bool:
        return _is_done(connect(access), "delete_bucket", Bucket=bucket)

    return await asking_stores(f"{bucket} was not reached", work)


async def purge(access: ObjectAccess, bucket: str, owner: ObjectAccess | None = None) -> Purge:
    """Tries to remove each version for good, first what keeps them. Raises DataError.

    The bucket's `owner` counts them, where `access` may be refused even that.
    """
    return await asking_stores(
        f"{bucket} was not reached",
        lambda: _purge(connect(access), bucket, connect(owner or access)),
    )


def _purge(store: Any, bucket: str, owner: Any) -> Purge:  # noqa: ANN401 - boto3 has no types
    loosened = [
        what
        for what, (action, arguments) in _LOOSENING.items()
        if _is_done(store, action, Bucket=bucket, **arguments)
    ]
    before = _versions(owner, bucket)
    for version in before[:_ONE_BY_ONE]:
        _is_done(store, "delete_object", Bucket=bucket, **version)
    for start in range(0, len(before), _AT_A_TIME):
        named = {"Objects": before[start : start + _AT_A_TIME], "Quiet": True}
        _is_done(store, "delete_objects", Bucket=bucket, Delete=named)
    left = _versions(owner, bucket)
    removed = sum(version not in left for version in before)
    if _is_done(store, "delete_bucket", Bucket=bucket):
        loosened.append("bucket")
    return Purge(versions=len(before), removed=removed, loosened=tuple(loosened))


def _is_done(store: Any, action: str, **arguments: object) -> bool:  # noqa: ANN401 - boto3 has no types
    """Whether it was done, and not refused."""
    try:
        getattr(store, action)(**arguments)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _REFUSALS:
            return False
        raise
    return True


def _delete(store: Any, bucket: str, key: str) -> None:  # noqa: ANN401 - boto3 has no types
    store.delete_object(Bucket=bucket, Key=key)


def _overwrite(store: Any, bucket: str, key: str) -> None:  # noqa: ANN401 - boto3 has no types
    store.put_object(Bucket=bucket, Key=key, Body=content(f"noise/{key}", _NOISE_BYTES))


async def _to_each(access: ObjectAccess, bucket: str, act: Callable[[Any, str, str], None]) -> int:
    def work() -> int:
        store = connect(access)
        found = list(keys(store, bucket))
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            list(threads.map(lambda key: act(store, bucket, key), found))
        return len(found)

    return await asking_stores(f"{bucket} was not reached", work)


def _versions(store: Any, bucket: str) -> list[dict[str, str]]:  # noqa: ANN401 - boto3 has no types
    """Each with what names it in a request; a delete marker is one of them."""
    return [
        {"Key": found["Key"], "VersionId": found["VersionId"]}
        for page in store.get_paginator("list_object_versions").paginate(Bucket=bucket)
        for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
    ]
