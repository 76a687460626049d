"""Restores of whole classes of data, each from another site into an empty place, compared there."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass

from evidence.records import RestoreRecord
from province.holdings import Engine, Holding
from rehearsal.data.errors import DataError
from rehearsal.data.ledger import Acknowledged, Happened, all_ledgers, newest, read_ledger
from rehearsal.data.restoring import BucketRestore
from rehearsal.data.ring import bucket_name
from rehearsal.data.rows import count, equal, rows
from rehearsal.data.world import DELETE, OVERWRITE, DataWorld

READER = "suyun_reports"
"""The role that may read everything."""
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """A restore, and how many pieces were put back where people use them."""

    record: RestoreRecord
    put_back: int


async def restore(world: DataWorld, holding: Holding, tell: Tell) -> Restored:
    """Restores the main site's part of that class of data. Raises DataError, DatabaseError."""
    if holding.engine is Engine.OBJECTS:
        return await _restore_objects(world, holding, tell)
    return await _restore_rows(world, holding, tell)


async def _restore_objects(world: DataWorld, holding: Holding, tell: Tell) -> Restored:
    began, site = time.monotonic(), world.ring.sites[0]
    own, *copies = world.ring.zones(site)
    if not copies:
        raise DataError(f"nobody has a copy of {site}'s objects", "plan copies: object_copies")
    empty = world.ring.zones(world.ring.sites[-1])[0]
    bucket = bucket_name(holding.id, site)
    work = BucketRestore(
        bucket=bucket,
        copy=world.stores.access(copies[0].name),
        empty=world.stores.access(empty.name),
        live=world.stores.access(own.name),
    )
    until, into = _before_the_mistake(world, site), f"restored-{bucket}-{time.time():.0f}"
    tell(f"reading {bucket} at {copies[0].site}, writing {into} at {empty.site}")
    hashes = await work.restore(into, until)
    expected = _expected(world, bucket, until)
    same = sum(hashes.get(key) == sha256 for key, sha256 in expected.items())
    seconds = time.monotonic() - began
    tell("putting back what people lack")
    put_back = await work.put_back(into, hashes)
    return Restored(
        record=RestoreRecord(
            holding=holding.id,
            site=site,
            backup_site=copies[0].site,
            pieces=len(expected),
            pieces_equal=same,
            seconds=seconds,
            ended_at=time.time(),
        ),
        put_back=put_back,
    )


async def _restore_rows(world: DataWorld, holding: Holding, tell: Tell) -> Restored:
    """From the primary's archive, which lies at another site."""
    databases, primary = world.databases, world.databases.primary
    is_accounts = holding.id == "accounts"
    tell("counting the rows at the primary")
    there = await rows(databases.access(primary, READER), is_accounts=is_accounts)
    await databases.archive_now()
    began, into = time.monotonic(), world.empty_folder()
    tell("restoring the database into an empty place")
    restored = await databases.restore(into, world.empty_place)
    try:
        found = await rows(restored.access, is_accounts=is_accounts)
    finally:
        await restored.stop()
        shutil.rmtree(into, ignore_errors=True)
    return Restored(
        record=RestoreRecord(
            holding=holding.id,
            site=primary,
            backup_site=world.ring.databases[primary].archive.bucket.kept_at,
            pieces=count(there),
            pieces_equal=equal(there, found),
            seconds=time.monotonic() - began,
            ended_at=time.time(),
        ),
        put_back=0,
    )


def _before_the_mistake(world: DataWorld, site: str) -> float:
    """The moment of the first mistake with that site's objects since people began to write.

    Infinity where there was none.
    """
    path = newest(world.ledgers)
    happened = read_ledger(path).of(Happened) if path else ()
    mistakes = (one.at for one in happened if one.what in {DELETE, OVERWRITE} and site in one.sites)
    return min(mistakes, default=math.inf)


def _expected(world: DataWorld, bucket: str, until: float) -> dict[str, str]:
    """What people were told is in the bucket, by all ledgers: the SHA-256 by key."""
    return {
        write.key: write.sha256
        for path in all_ledgers(world.ledgers)
        for write in read_ledger(path).of(Acknowledged)
        if write.place == bucket and write.at <= until
    }
