"""Whoever reads a copy gets the bytes that were stored, from wherever they are whole."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from province.holdings import Engine
from rehearsal.data.catalogue import Catalogue
from rehearsal.data.reading import SETTLED_SECONDS, read_all, settled
from rehearsal.data.ring import plan_ring
from tests import worlds
from tests.rehearsal.data_world import MemoryDoors, MemoryStore, acknowledged


def stored(store: MemoryStore, *sequences: int, changed: bool = False) -> None:
    for sequence in sequences:
        write = acknowledged(sequence)
        body = f"main/{sequence}{'?' if changed else ''}".encode()
        store.objects[write.place, write.key] = body


def test_what_is_rotten_or_missing_at_the_nearest_copy_is_read_from_the_other() -> None:
    doors = MemoryDoors()
    doors.copy = MemoryStore()
    stored(doors.main, 1, 2, 3)
    stored(doors.copy, 1)
    stored(doors.copy, 2, changed=True)
    stored(doors.main, 4, changed=True)
    catalogue = Catalogue(plan_ring(worlds.province()), cast("Any", doors), {})
    writes = [acknowledged(sequence) for sequence in (1, 2, 3, 4)]
    found = asyncio.run(read_all(catalogue, writes, "xuzhou"))
    assert found == {"xuzhou": 1, "main": 2, None: 1}


def test_only_objects_that_have_had_the_time_to_be_copied_are_asked_for() -> None:
    now = 100.0
    old, new = acknowledged(1, at=now - SETTLED_SECONDS), acknowledged(2, at=now - 1)
    row = acknowledged(3, engine=Engine.DATABASE)
    elsewhere = acknowledged(4, site="suzhou")
    assert settled([old, new, row, elsewhere], ["main"], now) == (old,)
