"""A scene is something acted out in real clusters; it ends in a record, whatever comes of it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from evidence.records import BatchRecord, PlacementRecord
from infra.fleet.errors import FleetError

R = TypeVar("R", BatchRecord, PlacementRecord)


def played(record: R, play: Callable[[], Mapping[str, object]]) -> R:
    """The record with what the scene gives, and its seconds. A FleetError is its `error`."""
    started = time.monotonic()
    try:
        seen = play()
    except FleetError as error:
        seen = {"error": error.cause}
    return record.model_copy(update={**seen, "seconds": time.monotonic() - started})


async def beside(scene: Callable[[Callable[[], bool]], R]) -> R:
    """In a thread of its own. Cancelled, the function that `scene` was given turns true."""
    stop = threading.Event()
    try:
        return await asyncio.to_thread(scene, stop.is_set)
    finally:
        stop.set()
