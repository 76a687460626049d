"""Only what was acknowledged is in the ledger, with what people saw instead of answers."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from province.holdings import Engine
from rehearsal.data.content import sha256
from rehearsal.data.errors import DataError
from rehearsal.data.ledger import (
    Acknowledged,
    Entries,
    Failed,
    Ledger,
    Read,
    newest,
    read_ledger,
)
from rehearsal.data.people import SeenError
from rehearsal.data.probes import probe
from rehearsal.data.writer import WriteOrder, write
from tests.rehearsal.data_world import MemoryDoors, acknowledged

ORDER = WriteOrder(
    seconds=0.4,
    buckets={"main": ("resources-main", "submissions-main")},
    objects_per_second=50,
    reads_per_second=50,
    rows_per_second=50,
    object_bytes=100,
)


def written(folder: Path, doors: MemoryDoors) -> Entries:
    ledger = Ledger.next(folder)
    asyncio.run(write(ORDER, doors, ledger, asyncio.Event()))
    ledger.close()
    return read_ledger(ledger.path)


def test_what_is_acknowledged_is_there_with_the_bytes_that_were_noted(tmp_path: Path) -> None:
    doors = MemoryDoors()
    told = written(tmp_path, doors)
    objects = [one for one in told.of(Acknowledged) if one.engine is Engine.OBJECTS]
    rows = [one for one in told.of(Acknowledged) if one.engine is Engine.DATABASE]
    assert len(objects) > 3
    assert len(rows) > 3
    for one in objects:
        assert sha256(doors.main.objects[one.place, one.key]) == one.sha256
    assert {one.place for one in objects} == {"resources-main", "submissions-main"}
    table = doors.tables["main"].rows
    assert {(one.place, one.sequence) for one in rows} == set(table)
    assert len({one.sha256 for one in told.of(Acknowledged)}) == len(told.of(Acknowledged))


def test_what_is_not_answered_is_not_acknowledged_and_is_asked_again(tmp_path: Path) -> None:
    doors = MemoryDoors()
    doors.main.down = True
    doors.tables["main"].lost_answers = 1
    told = written(tmp_path, doors)
    assert not [one for one in told.of(Acknowledged) if one.engine is Engine.OBJECTS]
    failures = [one for one in told.of(Failed) if one.engine is Engine.OBJECTS]
    assert {(one.does, one.error) for one in failures} == {("write", "EndpointConnectionError")}
    rows = [one.sequence for one in told.of(Acknowledged) if one.engine is Engine.DATABASE]
    assert rows == list(range(1, len(rows) + 1))
    assert [one.error for one in told.of(Failed) if one.engine is Engine.DATABASE] == [
        "TimeoutError"
    ]


def test_who_is_sent_home_ends_what_he_is_at_and_begins_nothing_more(tmp_path: Path) -> None:
    doors, ledger = MemoryDoors(), Ledger.next(tmp_path)
    long = dataclasses.replace(ORDER, seconds=3600)

    async def scene() -> None:
        enough = asyncio.Event()
        writing = asyncio.create_task(write(long, doors, ledger, enough))
        await asyncio.sleep(0.2)
        enough.set()
        await asyncio.wait_for(writing, 5)

    asyncio.run(scene())
    told = read_ledger(ledger.path).of(Acknowledged)
    stored = {(one.place, one.key) for one in told if one.engine is Engine.OBJECTS}
    assert stored == set(doors.main.objects) != set()
    rows = {(one.place, one.sequence) for one in told if one.engine is Engine.DATABASE}
    assert rows == set(doors.tables["main"].rows) != set()


def test_people_go_where_the_database_takes_writes_now(tmp_path: Path) -> None:
    doors = MemoryDoors()

    async def scene() -> None:
        ledger = Ledger.next(tmp_path)
        writing = asyncio.create_task(write(ORDER, doors, ledger, asyncio.Event()))
        await asyncio.sleep(0.2)
        doors.leader = "xuzhou"
        await writing

    asyncio.run(scene())
    path = newest(tmp_path)
    assert path is not None
    rows = [one for one in read_ledger(path).of(Acknowledged) if one.engine is Engine.DATABASE]
    assert {one.answered_by for one in rows} == {"main", "xuzhou"}
    assert doors.tables["main"].closed == 1


def test_reads_go_to_the_copy_when_their_own_site_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.data.writer.SETTLED_SECONDS", 0.05)
    doors = MemoryDoors()

    async def scene() -> None:
        ledger = Ledger.next(tmp_path)
        writing = asyncio.create_task(write(ORDER, doors, ledger, asyncio.Event()))
        await asyncio.sleep(0.2)
        doors.main.down = True
        await writing

    asyncio.run(scene())
    path = newest(tmp_path)
    assert path is not None
    told = read_ledger(path)
    assert next(one.answered_by for one in told.of(Read)) == "main"
    assert [one.answered_by for one in told.of(Read)][-1] == "xuzhou"
    assert not [one for one in told.of(Failed) if one.does == "read"]


def test_ledgers_are_numbered_and_a_torn_last_line_is_not_believed(tmp_path: Path) -> None:
    first = Ledger.next(tmp_path)
    first.note(acknowledged(1))
    first.note(acknowledged(2))
    whole = first.path.read_bytes()
    first.path.write_bytes(whole[:-5])
    assert [one.sequence for one in read_ledger(first.path).of(Acknowledged)] == [1]
    assert (first.number, Ledger.next(tmp_path).number) == (1, 2)
    first.path.write_bytes(whole[:5] + whole[6:])
    with pytest.raises(DataError, match=r"ledger-0001\.jsonl:1 is no line"):
        read_ledger(first.path)


class Pair:
    """The partner finds each probe at the look of that number; 0 is never."""

    engine = Engine.OBJECTS
    site, partner = "main", "xuzhou"
    payload_bytes = 100

    def __init__(self, *looks: int) -> None:
        self._looks = looks
        self._left = 0

    async def write(self, number: int) -> None:
        self._left = self._looks[number - 1]
        if self._left < 0:
            raise SeenError("EndpointConnectionError")

    async def has(self, number: int) -> bool:
        del number
        self._left -= 1
        return self._left == 0


def test_lag_is_from_the_acknowledgement_to_the_look_that_found_it() -> None:
    ticks = iter(range(1000))
    pair = Pair(1, 3, 0)
    lags = asyncio.run(
        probe(pair, 3, lambda _: None, clock=lambda: float(next(ticks)), give_up_seconds=5)
    )
    record = lags.record(pair, under_load=False)
    assert (record.count, record.missing) == (2, 1)
    assert record.lag_ms_p50 == pytest.approx(2000, rel=0.01)
    assert record.lag_ms_max == pytest.approx(4000, rel=0.01)


def test_a_place_that_takes_no_write_is_no_measurement() -> None:
    with pytest.raises(SeenError):
        asyncio.run(probe(Pair(-1), 1, lambda _: None))
    lags = asyncio.run(probe(Pair(1, -1), 2, lambda _: None))
    assert (lags.failed, lags.times.get_total_count()) == (1, 1)
