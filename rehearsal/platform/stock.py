"""Stores the teaching resources of the catalogue: bytes at their sites, and a row for each.

As with video, what a resource costs to read does not depend on what it holds: each site has a few
objects, and every resource of the site is one of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from hashlib import sha256, shake_128

from rehearsal.objects.client import StoreClient
from rehearsal.objects.errors import ObjectStoreError
from rehearsal.platform.database import Database
from rehearsal.platform.engines import Engines, SiteObjects
from rehearsal.platform.seeding import resource_rows
from rehearsal.platform.storage import StorageError
from rehearsal.platform.stores import StoredObject

BODIES_PER_SITE = 40
BODY_BYTES = 64 * 1024
_AT_ONCE = 8
_CATALOGUE = """
INSERT INTO catalogue (resource, site, bucket, key, bytes, sha256)
SELECT resource, site, bucket, key, $6, sha256
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
  AS stored (resource, site, bucket, key, sha256)
ON CONFLICT (resource) DO NOTHING
"""


async def stock(engines: Engines, sites: tuple[str, ...]) -> int:
    """Stores and catalogues every resource of `seeding.resource_rows(sites)`; returns how many.

    Those of a site without a store go to the nearest. Raises StorageError.
    """
    bodies = await asyncio.gather(*(_put_all(objects) for objects in engines.stores))
    shelves = dict(zip((objects.site for objects in engines.stores), bodies, strict=True))
    rows = tuple(_rows(shelves, engines.stores[0].site, sites))
    database = Database.of(engines)
    try:
        columns = [list(column) for column in zip(*rows, strict=True)]
        await database.write(_CATALOGUE, *columns, BODY_BYTES)
    finally:
        await database.close()
    return len(rows)


async def _put_all(objects: SiteObjects) -> tuple[StoredObject, ...]:
    """The site's objects. Raises StorageError."""
    client = StoreClient(objects.own.access, threads=_AT_ONCE)
    try:
        numbers = range(BODIES_PER_SITE)
        return tuple(await asyncio.gather(*(_put(client, objects, number) for number in numbers)))
    except ObjectStoreError as error:
        raise StorageError(f"the resources of {objects.site} cannot be stored: {error}") from error
    finally:
        client.close()


async def _put(client: StoreClient, objects: SiteObjects, number: int) -> StoredObject:
    key = f"teaching/{number:04d}"
    body = shake_128(f"{objects.resources}/{key}".encode()).digest(BODY_BYTES)
    await client.put(objects.resources, key, body)
    digest = sha256(body).hexdigest()
    return StoredObject(site=objects.site, bucket=objects.resources, key=key, sha256=digest)


def _rows(
    shelves: Mapping[str, tuple[StoredObject, ...]], nearest: str, sites: tuple[str, ...]
) -> Iterator[tuple[str, str, str, str, str]]:
    for number, _, _, site, _ in resource_rows(sites):
        body = shelves.get(site, shelves[nearest])[number % BODIES_PER_SITE]
        yield str(number), body.site, body.bucket, body.key, body.sha256
