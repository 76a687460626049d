"""Looks at everything that is there and may be a write: objects of a bucket, rows of a writer.

This is the checker's own way in. It shares nothing with those who write: it lists and reads, trusts
no checksum that was stored with the data, and hashes the bytes itself. An object under another key
is read where its size is that of one that is looked for: only then can it be the same once more.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.data.accounts import Holdings, Piece
from rehearsal.data.errors import DataError
from rehearsal.database.client import DatabaseAccess, session
from rehearsal.objects.access import ObjectAccess
from rehearsal.objects.reasons import mending, reason

Name = tuple[str, str]
"""A write's bucket and key, or its writer and number."""
_AT_ONCE = 4
_ROWS_SECONDS = 60.0
_CHUNK_BYTES = 2**16
_MISSING = {"NoSuchBucket", "404"}
_ROWS = """
SELECT writer, sequence, body FROM probes WHERE writer = ANY($1) ORDER BY writer, sequence
"""


class Place(Protocol):
    """Somewhere that data are, or should be. Raises DataError when it cannot be looked at."""

    site: str

    async def look(self, names: Collection[Name]) -> Holdings:
        """All that is there of those writes: under their names, or the same bytes elsewhere."""


class StorePlace:
    """A zone of an object store."""

    def __init__(self, site: str, access: ObjectAccess) -> None:
        self.site = site
        self._access = access

    async def look(self, names: Collection[Name]) -> Holdings:
        """Lists their buckets, and reads. A bucket that is not there holds nothing."""
        pieces = await asyncio.to_thread(self._all, set(names))
        return Holdings(site=self.site, pieces=pieces)

    def _all(self, names: Collection[Name]) -> tuple[Piece, ...]:
        client = _store(self._access)
        buckets = sorted({bucket for bucket, _ in names})
        try:
            sizes = {
                (bucket, key): size for bucket in buckets for key, size in _listed(client, bucket)
            }
            alike = {size for name, size in sizes.items() if name in names}
            read = [name for name, size in sizes.items() if name in names or size in alike]
            with ThreadPoolExecutor(_AT_ONCE) as threads:
                return tuple(threads.map(lambda name: _piece(client, *name), read))
        except (BotoCoreError, ClientError, OSError) as error:
            raise DataError(
                f"the objects at {self.site} cannot be looked at: {reason(error)}",
                mending(
                    error,
                    f"look at the gateways' logs; ./suyun data boot {self.site} brings it back",
                ),
            ) from error


class TablePlace:
    """The base database at one site, or a restored copy of it."""

    def __init__(self, site: str, access: DatabaseAccess) -> None:
        self.site = site
        self._access = access

    async def look(self, names: Collection[Name]) -> Holdings:
        """Reads each row of their writers. Raises DatabaseError."""
        writers = sorted({writer for writer, _ in names})
        async with session(self._access, _ROWS_SECONDS) as connection:
            rows = await connection.fetch(_ROWS, writers)
        pieces = (
            Piece(place=row["writer"], key=str(row["sequence"]), sha256=_hash(row["body"]))
            for row in rows
        )
        return Holdings(site=self.site, pieces=tuple(pieces))


def _store(access: ObjectAccess) -> Any:  # noqa: ANN401 - boto3 has no types
    return boto3.resource(
        "s3",
        endpoint_url=access.endpoint,
        verify=str(access.ca_file),
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key_file.read_text("utf-8").strip(),
        region_name=access.zonegroup,
        config=Config(
            max_pool_connections=_AT_ONCE,
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            connect_timeout=5,
            response_checksum_validation="when_required",
        ),
    )


def _listed(store: Any, bucket: str) -> Iterator[tuple[str, int]]:  # noqa: ANN401 - boto3 has no types
    """Every object's key and size in bytes."""
    try:
        for found in store.Bucket(bucket).objects.all():
            yield found.key, found.size
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in _MISSING:
            raise


def _piece(store: Any, bucket: str, key: str) -> Piece:  # noqa: ANN401 - boto3 has no types
    body = store.Object(bucket, key).get()["Body"]
    digest = hashlib.sha256()
    for chunk in body.iter_chunks(_CHUNK_BYTES):
        digest.update(chunk)
    return Piece(place=bucket, key=key, sha256=digest.hexdigest())


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
