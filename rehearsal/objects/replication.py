"""Whether a zone has everything that another one has: index logs against positions.

Each shard of a bucket's index keeps a log. The source says how far it goes, the copy says how far
it has followed. Objects are counted in the log when their write is acknowledged, so a copy that
stands at the log's end has every write that was acknowledged before it was asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from infra.plan.object_store import ZonePlan
from rehearsal.objects.config import LOG_SHARDS
from rehearsal.objects.door import Door
from rehearsal.objects.realm import zone_id, zonegroup_id

_LOG = "/admin/log"
_FOLLOWING = "incremental-sync"
_METADATA_FOLLOWING = "sync"


async def buckets_behind(target: Door, source: Door, source_zone: ZonePlan) -> list[str]:
    """Buckets of the source's zonegroup of which the target lacks something.

    One that the target has not even heard of is among them. Raises ObjectStoreError.
    """
    names = await source.read("/admin/metadata/bucket")
    return [name for name in names if await _is_behind(target, source, source_zone, name)]


async def masters_known(door: Door) -> Mapping[str, str]:
    """Whom a gateway takes for each zonegroup's master, by their names. Raises ObjectStoreError."""
    period = await door.read("/admin/realm/period")
    return {
        str(group["name"]): zone["name"]
        for group in period["period_map"]["zonegroups"]
        for zone in group["zones"]
        if zone["id"] == group["master_zone"]
    }


async def tell_news(door: Door) -> None:
    """Has a gateway ask the realm's master for new users and buckets. Raises ObjectStoreError."""
    shards = json.dumps(list(range(LOG_SHARDS))).encode()
    await door.tell(_LOG, shards, type="metadata", notify="")


async def is_metadata_behind(target: Door, source: Door) -> bool:
    """Whether the target still lacks some of the realm's users and buckets."""
    status = await target.read(_LOG, type="metadata", status="")
    if status["info"]["status"] != _METADATA_FOLLOWING:
        return True
    for one in status["markers"]:
        info = await source.read(_LOG, type="metadata", id=str(one["key"]), info="")
        if one["val"]["marker"] < info["marker"]:
            return True
    return False


async def _is_behind(target: Door, source: Door, source_zone: ZonePlan, bucket: str) -> bool:
    known = await source.find("/admin/bucket", bucket=bucket)
    if known is None or known["zonegroup"] != zonegroup_id(source_zone.zonegroup):
        return False
    query = {"bucket": f"{bucket}:{known['id']}", "source-zone": zone_id(source_zone)}
    positions = await target.find(_LOG, type="bucket-index", status="", **query)
    return bool(shards_behind(log_ends(known["max_marker"]), positions or ()))


def log_ends(text: str) -> Mapping[int, str]:
    """Where the log of each shard ends: `0#00000000007.42.3,1#`; empty where it has no entry."""
    if "#" not in text:
        return {0: text}
    parts = (part.partition("#") for part in text.split(","))
    return {int(shard): marker for shard, _, marker in parts}


def shards_behind(ends: Mapping[int, str], positions: Sequence[Any]) -> tuple[int, ...]:
    """Shards whose log goes on after the position, or that are not followed yet."""
    return tuple(
        shard
        for shard, end in sorted(ends.items())
        if end and (shard >= len(positions) or _position(positions[shard]) < end)
    )


def _position(shard: Mapping[str, Any]) -> str:
    """Before everything while the shard's whole contents are still being copied."""
    return str(shard["inc_marker"]["position"]) if shard["status"] == _FOLLOWING else ""
