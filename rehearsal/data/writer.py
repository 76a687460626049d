"""People at work: each site's put objects, read them and commit rows, and the ledger is kept.

A write that got no answer is sent again, the same, until it is acknowledged, as people do who get
an error. What was acknowledged is noted before anything else is done.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from province.holdings import Engine
from rehearsal.data.content import OBJECT_BYTES, ROW_BYTES, content, sha256
from rehearsal.data.ledger import Acknowledged, Failed, Ledger, Read
from rehearsal.data.people import ObjectClient, RowClient, SeenError

AGAIN_SECONDS = 0.25
SETTLED_SECONDS = 5.0
"""Nobody looks for what was stored a moment ago in another place."""
_READ_AMONG = 50
"""People read what is new; also, what is read has to be still in mind here."""


class Doors(Protocol):
    """Where people of a site go. Clients are kept by whoever gives them out."""

    def store(self, site: str) -> ObjectClient:
        """The site's own object store, which takes its writes."""

    def copies(self, site: str) -> Sequence[tuple[str, ObjectClient]]:
        """Each site that has the objects of that site, and its store, nearest first."""

    def primary(self) -> str:
        """The site whose database takes writes now."""

    def rows(self, site: str) -> RowClient:
        """A new client of the database at that site."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteOrder:
    """For how long, and how often a second at each site. `buckets` are those of each site."""

    seconds: float
    buckets: dict[str, tuple[str, ...]]
    objects_per_second: float = 4.0
    reads_per_second: float = 4.0
    rows_per_second: float = 8.0
    object_bytes: int = OBJECT_BYTES

    @property
    def sites(self) -> tuple[str, ...]:
        """Where people write."""
        return tuple(self.buckets)


async def write(
    order: WriteOrder,
    doors: Doors,
    ledger: Ledger,
    enough: asyncio.Event,
    clock: Callable[[], float] = time.time,
) -> None:
    """Has people write until the time is over, or it is `enough`: each ends what it is at.

    Raises OSError when nothing more can be noted.
    """
    people = [_People(site, order, doors, ledger, enough, clock) for site in order.sites]
    async with asyncio.TaskGroup() as group:
        for one in people:
            group.create_task(one.put_objects())
            group.create_task(one.read_objects())
            group.create_task(one.commit_rows())


@dataclass(frozen=True, kw_only=True, slots=True)
class _Write:
    """What is about to be written."""

    engine: Engine
    place: str
    key: str
    sequence: int
    sha256: str


class _People:
    """Those of one site."""

    def __init__(
        self,
        site: str,
        order: WriteOrder,
        doors: Doors,
        ledger: Ledger,
        enough: asyncio.Event,
        clock: Callable[[], float],
    ) -> None:
        self._site = site
        self._order = order
        self._doors = doors
        self._ledger = ledger
        self._enough = enough
        self._clock = clock
        self._end = clock() + order.seconds
        self._stored: list[Acknowledged] = []
        self._choice = random.Random(site)  # noqa: S311 - which page is read next is no secret

    async def put_objects(self) -> None:
        buckets = self._order.buckets[self._site]
        for sequence in self._sequence():
            bucket, key = buckets[sequence % len(buckets)], self._key(sequence)
            body = content(f"{bucket}/{key}", self._order.object_bytes)
            write = _Write(
                engine=Engine.OBJECTS,
                place=bucket,
                key=key,
                sequence=sequence,
                sha256=sha256(body),
            )
            begun = self._clock()
            while not self._is_over():
                sent = self._clock()
                try:
                    await self._doors.store(self._site).put(bucket, key, body)
                except SeenError as error:
                    await self._note_failed(Engine.OBJECTS, "write", key, sent, error)
                    continue
                self._stored.append(self._note(write, sent, self._site))
                break
            await self._pace(begun, self._order.objects_per_second)

    async def commit_rows(self) -> None:
        writer = f"{self._site}-{self._ledger.number}"
        client, where = None, ""
        for sequence in self._sequence():
            body = content(f"{writer}/{sequence}", ROW_BYTES)
            write = _Write(
                engine=Engine.DATABASE,
                place=writer,
                key=str(sequence),
                sequence=sequence,
                sha256=sha256(body),
            )
            begun = self._clock()
            while not self._is_over():
                sent, primary = self._clock(), self._doors.primary()
                try:
                    if client is None or primary != where:
                        await _close(client)
                        client, where = self._doors.rows(primary), primary
                    await client.insert(writer, sequence, self._site, body)
                except SeenError as error:
                    await self._note_failed(Engine.DATABASE, "write", str(sequence), sent, error)
                    continue
                self._note(write, sent, where)
                break
            await self._pace(begun, self._order.rows_per_second)
        await _close(client)

    async def read_objects(self) -> None:
        while not self._is_over():
            begun = self._clock()
            chosen = self._settled()
            if chosen is not None:
                await self._read(chosen, begun)
            await self._pace(begun, self._order.reads_per_second)

    async def _read(self, chosen: Acknowledged, sent: float) -> None:
        """From the nearest copy that is whole; people see an error only when none is."""
        seen: SeenError | None = None
        for site, store in self._doors.copies(self._site):
            try:
                body = await store.get(chosen.place, chosen.key)
            except SeenError as error:
                seen = error
                continue
            if sha256(body) != chosen.sha256:
                seen = SeenError("WrongBytes")
                continue
            self._ledger.note(
                Read(
                    engine=Engine.OBJECTS,
                    site=self._site,
                    key=chosen.key,
                    sent_at=sent,
                    at=self._clock(),
                    answered_by=site,
                )
            )
            return
        if seen is not None:
            await self._note_failed(Engine.OBJECTS, "read", chosen.key, sent, seen)

    def _settled(self) -> Acknowledged | None:
        before = self._clock() - SETTLED_SECONDS
        self._stored = self._stored[-4 * _READ_AMONG :]
        settled = [one for one in self._stored if one.at < before][-_READ_AMONG:]
        return self._choice.choice(settled) if settled else None

    def _sequence(self) -> Iterator[int]:
        return itertools.takewhile(lambda _: not self._is_over(), itertools.count(1))

    def _key(self, sequence: int) -> str:
        return f"{self._ledger.number:04d}/{self._site}/{sequence:08d}"

    def _note(self, write: _Write, sent: float, answered_by: str) -> Acknowledged:
        line = Acknowledged(
            engine=write.engine,
            site=self._site,
            place=write.place,
            key=write.key,
            sequence=write.sequence,
            sha256=write.sha256,
            sent_at=sent,
            at=self._clock(),
            answered_by=answered_by,
        )
        self._ledger.note(line)
        return line

    async def _note_failed(
        self,
        engine: Engine,
        does: Literal["read", "write"],
        key: str,
        sent: float,
        error: SeenError,
    ) -> None:
        self._ledger.note(
            Failed(
                engine=engine,
                site=self._site,
                does=does,
                key=key,
                sent_at=sent,
                at=self._clock(),
                error=error.cause,
            )
        )
        await asyncio.sleep(AGAIN_SECONDS)

    def _is_over(self) -> bool:
        return self._enough.is_set() or self._clock() >= self._end

    async def _pace(self, begun: float, per_second: float) -> None:
        due = begun + 1 / per_second
        await asyncio.sleep(max(0.0, min(due, self._end) - self._clock()))


async def _close(client: RowClient | None) -> None:
    if client is not None:
        await client.close()
