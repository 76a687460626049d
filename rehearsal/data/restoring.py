"""Restoring a bucket from its copy at another site, as it was at a moment, into an empty place.

A delete or an overwrite reaches the copy as well; but every version that it hid is still there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.data.people import asking_stores, connect
from rehearsal.objects.access import ObjectAccess

_AT_ONCE = 4
_FAILING = "the bucket cannot be restored"


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One version of an object, stored at `at` (seconds since the epoch), or its deletion then."""

    key: str
    version: str
    at: float
    is_deletion: bool = False


def newest_before(versions: Iterable[Version], until: float) -> dict[str, Version]:
    """Of each object that was there at that moment the version that was the newest. Pure."""
    found: dict[str, Version] = {}
    for version in versions:
        known = found.get(version.key)
        if version.at <= until and (known is None or version.at > known.at):
            found[version.key] = version
    return {key: version for key, version in found.items() if not version.is_deletion}


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketRestore:
    """Where a bucket's copy is read, into which empty place it goes, and where it is used."""

    bucket: str
    copy: ObjectAccess
    empty: ObjectAccess
    live: ObjectAccess

    async def restore(self, into: str, until: float) -> dict[str, str]:
        """Every object as it was at that moment, into the new bucket `into`.

        Returns the SHA-256 of what lies there afterwards, read again, by key. Raises DataError.
        """
        return await asking_stores(_FAILING, lambda: self._restore(into, until))

    async def put_back(self, into: str, hashes: Mapping[str, str]) -> int:
        """Whatever the live bucket lacks, or has other bytes of, from the restored one.

        Returns how many objects that were. Raises DataError.
        """
        return await asking_stores(_FAILING, lambda: self._put_back(into, hashes))

    def _restore(self, into: str, until: float) -> dict[str, str]:
        source, target = connect(self.copy), connect(self.empty)
        where = {"LocationConstraint": self.empty.zonegroup}
        target.create_bucket(Bucket=into, CreateBucketConfiguration=where)
        chosen = newest_before(_versions(source, self.bucket), until)

        def carry(version: Version) -> tuple[str, str]:
            answer = source.get_object(
                Bucket=self.bucket, Key=version.key, VersionId=version.version
            )
            target.put_object(Bucket=into, Key=version.key, Body=answer["Body"].read())
            return version.key, _hash(target, into, version.key) or ""

        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return dict(threads.map(carry, chosen.values()))

    def _put_back(self, into: str, hashes: Mapping[str, str]) -> int:
        source, target = connect(self.empty), connect(self.live)

        def mend(key: str) -> int:
            if _hash(target, self.bucket, key) == hashes[key]:
                return 0
            body = source.get_object(Bucket=into, Key=key)["Body"].read()
            target.put_object(Bucket=self.bucket, Key=key, Body=body)
            return 1

        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return sum(threads.map(mend, hashes))


def _versions(store: Any, bucket: str) -> Iterator[Version]:  # noqa: ANN401 - boto3 has no types
    for page in store.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for kind in ("Versions", "DeleteMarkers"):
            for found in page.get(kind, ()):
                yield Version(
                    key=found["Key"],
                    version=found["VersionId"],
                    at=found["LastModified"].timestamp(),
                    is_deletion=kind == "DeleteMarkers",
                )


def _hash(store: Any, bucket: str, key: str) -> str | None:  # noqa: ANN401 - boto3 has no types
    """Of the present version; None where there is none."""
    try:
        body = store.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchKey":
            return None
        raise
    return hashlib.sha256(body).hexdigest()
