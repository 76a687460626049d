"""The object stores as one platform process has them: put where one answers, read from any copy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from rehearsal.objects.client import StoreClient
from rehearsal.objects.errors import ObjectStoreError
from rehearsal.platform.engines import Engines, SiteObjects
from rehearsal.platform.nearness import Nearness
from rehearsal.platform.storage import StorageError

TRY_SECONDS = 2.0
"""For one zone, waiting for a thread included; an object of 64 KiB takes milliseconds."""
GIVE_UP_SECONDS = 4.5
_NOT_THERE = {"NoSuchKey", "NoSuchBucket"}
"""Answers of a zone that is well, but has not got the copy yet, or no more."""


class ObjectClient(Protocol):
    """Objects of one zone. Both raise ObjectStoreError, its cause the store's short name for it."""

    async def put(self, bucket: str, key: str, body: bytes) -> None:
        """Acknowledged once it returns."""

    async def get(self, bucket: str, key: str) -> bytes:
        """The bytes of it."""

    def close(self) -> None:
        """Lets go."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObject:
    """An object of a site's: where it lies, and what its bytes have to be."""

    site: str
    bucket: str
    key: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Copies:
    """A site's bucket for what people hand in, and the zones, in the order of reading, by site."""

    submissions: str
    zones: Mapping[str, ObjectClient]


class Stores:
    """All of them, by the site whose objects they are, in the order of writing."""

    def __init__(
        self, copies: Mapping[str, Copies], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._copies = copies
        self._reading, self._writing = Nearness(clock), Nearness(clock)

    @classmethod
    def of(cls, engines: Engines) -> Stores:
        """Those of real zones. Raises ObjectStoreError when a secret key cannot be read."""
        return cls({one.site: _copies(one) for one in engines.stores})

    async def put(self, key: str, body: bytes) -> StoredObject:
        """Into the bucket for submissions of the first site whose store takes it.

        Raises StorageError when none does. What was put in vain lies there and is nobody's.
        """
        try:
            async with asyncio.timeout(GIVE_UP_SECONDS):
                return await self._put(key, body)
        except TimeoutError as error:
            raise StorageError("no object store answers in time") from error

    async def get(self, stored: StoredObject) -> bytes:
        """Its bytes, from the nearest copy that has them right.

        Raises StorageError when none has.
        """
        if stored.site not in self._copies:
            raise StorageError(f"no object store has anything of {stored.site}")
        try:
            async with asyncio.timeout(GIVE_UP_SECONDS):
                return await self._get(stored)
        except TimeoutError as error:
            raise StorageError(f"no copy of {stored.key} answers in time") from error

    def close(self) -> None:
        """Lets all clients go."""
        for copies in self._copies.values():
            for zone in copies.zones.values():
                zone.close()

    async def _put(self, key: str, body: bytes) -> StoredObject:
        seen = "none is known"
        for site in self._writing.order(tuple(self._copies)):
            copies = self._copies[site]
            try:
                async with asyncio.timeout(TRY_SECONDS):
                    await copies.zones[site].put(copies.submissions, key, body)
            except (ObjectStoreError, TimeoutError) as error:
                self._writing.failed(site)
                seen = f"{site}: {error or 'silent'}"
                continue
            self._writing.answered(site)
            digest = sha256(body).hexdigest()
            return StoredObject(site=site, bucket=copies.submissions, key=key, sha256=digest)
        raise StorageError(f"no object store takes it; {seen}")

    async def _get(self, stored: StoredObject) -> bytes:
        seen = []
        zones = self._copies[stored.site].zones
        for site in self._reading.order(tuple(zones)):
            try:
                async with asyncio.timeout(TRY_SECONDS):
                    body = await zones[site].get(stored.bucket, stored.key)
            except (ObjectStoreError, TimeoutError) as error:
                if str(error) not in _NOT_THERE:
                    self._reading.failed(site)
                seen.append(f"{site}: {error or 'silent'}")
                continue
            self._reading.answered(site)
            if sha256(body).hexdigest() == stored.sha256:
                return body
            seen.append(f"{site}: wrong bytes")
        raise StorageError(f"no copy of {stored.key} is right; {', '.join(seen)}")


def _copies(objects: SiteObjects) -> Copies:
    return Copies(
        submissions=objects.submissions,
        zones={zone.site: StoreClient(zone.access) for zone in objects.zones},
    )
