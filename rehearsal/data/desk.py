"""The desk of the data world: carries out what commands ask of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from evidence.verdict import Verdict
from province.holdings import Engine
from province.province import Province
from rehearsal.data.catalogue import Catalogue, try_resources
from rehearsal.data.checker import Checked, check
from rehearsal.data.duties import duties
from rehearsal.data.errors import DataError, RefusedError
from rehearsal.data.ledger import Acknowledged, Entries, Failed, newest, read_ledger
from rehearsal.data.mistakes import removed
from rehearsal.data.orders import Action, Done, Order
from rehearsal.data.pairs import ObjectPair, RowPair, pairs
from rehearsal.data.people import SeenError
from rehearsal.data.probes import Lags, probe
from rehearsal.data.reading import read_all, settled
from rehearsal.data.restores import restore
from rehearsal.data.world import DataWorld
from rehearsal.data.writer import WriteOrder, write
from rehearsal.objects.reasons import mending_what

Tell = Callable[[str], None]
_ROTTEN = 3
"""So many objects of each site rot at once: those that people wrote last, of one version each."""


class Desk:
    """One for a world. People write in the background, at most one crowd at a time."""

    def __init__(self, world: DataWorld, province: Province) -> None:
        self._world = world
        self._province = province
        self._writing: asyncio.Task[None] | None = None
        self._writing_seconds = 0.0
        self._enough = asyncio.Event()

    async def carry_out(self, order: Order, tell: Tell) -> Done:
        """Does it. Raises what the world's parts raise, each with a cause and a hint."""
        if order.action in _SITE_ACTIONS:
            return await self._at_sites(order)
        acts: dict[Action, Callable[[Order, Tell], Awaitable[Done]]] = {
            Action.KILL: self._kill,
            Action.BOOT: self._boot,
            Action.DELETE: self._mistake,
            Action.OVERWRITE: self._mistake,
            Action.PURGE: self._purge,
            Action.CORRUPT: self._corrupt,
            Action.READ: self._read,
            Action.REPAIR: self._repair,
            Action.RESTORE: self._restore,
            Action.RESOURCES: self._resources,
            Action.WRITE: self._write,
            Action.PROBE: self._probe,
            Action.CHECK: self._check,
        }
        return await acts[order.action](order, tell)

    async def close(self) -> None:
        """Sends people home."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)

    async def _at_sites(self, order: Order) -> Done:
        method, words = _SITE_ACTIONS[order.action]
        began = time.monotonic()
        await getattr(self._world, method)(*order.sites)
        said = words.format(*order.sites)
        return Done(lines=(f"{said} ({time.monotonic() - began:.1f} s)",))

    async def _kill(self, order: Order, _tell: Tell) -> Done:
        await self._world.kill(order.sites[0], order.engine)
        what = f"the {order.engine} of " if order.engine else ""
        return Done(lines=(f"{what}{order.sites[0]} was killed",))

    async def _boot(self, order: Order, _tell: Tell) -> Done:
        """A database that may not come back as it is, is no failure of a whole site's boot."""
        (site,) = order.sites
        try:
            await self._world.boot(site, order.engine)
        except RefusedError as error:
            if order.engine is not None:
                raise
            return Done(lines=(f"{site} is back, but its database stays down: {error.cause}",))
        return Done(lines=(f"{site} is back",))

    async def _mistake(self, order: Order, _tell: Tell) -> Done:
        (site,) = order.sites
        self._world.ring.require(site)
        if order.action is Action.DELETE:
            objects = await self._world.delete(site)
            gone, buckets = await self._world.delete_buckets(site), self._world.ring.buckets[site]
            with_them = f"{gone} of {len(buckets)} buckets went with them"
            return Done(lines=(f"{objects:,} objects were deleted; {with_them}",))
        return Done(lines=(f"{await self._world.overwrite(site):,} objects were overwritten",))

    async def _purge(self, order: Order, _tell: Tell) -> Done:
        """Fails where a thief with these keys would have had any success."""
        (site,) = order.sites
        objects = await self._world.purge(site)
        archive = await self._world.purge_archive(site)
        purges = (*objects, *archive)
        loosened = sorted({what for one in purges for what in one.loosened})
        lines = [f"versions removed: {removed(objects)}"]
        if archive:
            lines.append(f"of the database's archive, also with its own keys: {removed(archive)}")
        if loosened:
            lines.append(f"WRONG: these keys may change what keeps versions: {', '.join(loosened)}")
        in_vain = all(one.is_in_vain for one in purges)
        return Done(lines=tuple(lines), verdict=Verdict.PASS if in_vain else Verdict.FAIL)

    async def _corrupt(self, order: Order, _tell: Tell) -> Done:
        (site,) = order.sites
        path = newest(self._world.ledgers)
        writes = read_ledger(path).of(Acknowledged) if path else ()
        keys = [
            write.key
            for other in self._world.ring.sites
            for write in [
                one for one in writes if one.engine is Engine.OBJECTS and one.site == other
            ][-_ROTTEN:]
        ]
        changed = await self._world.corrupt(site, keys)
        if not changed:
            raise DataError(
                f"{site} has no copies of what people wrote last",
                "./suyun data write --wait; then corrupt a site that keeps another's copies",
            )
        return Done(lines=(f"the bytes of {changed:,} objects at {site} were changed",))

    async def _read(self, order: Order, _tell: Tell) -> Done:
        """Fails where a whole copy is left, and people did not get its bytes."""
        (site,), world = order.sites, self._world
        path = newest(world.ledgers)
        writes = read_ledger(path).of(Acknowledged) if path else ()
        copied = world.copied_to(site)
        asked = settled(writes, copied, time.time())
        if not asked:
            raise DataError(
                f"nobody has written what {site} has a copy of", "./suyun data write --wait"
            )
        catalogue = Catalogue(world.ring, world.doors, await world.standing_databases())
        found = await read_all(catalogue, asked, site)
        told = ", ".join(f"{count:,} from {where or 'nowhere'}" for where, count in found.items())
        line = f"of {len(asked):,} objects of {' and '.join(copied)}, read at {site}: {told}"
        return Done(lines=(line,), verdict=Verdict.FAIL if found[None] else Verdict.PASS)

    async def _repair(self, order: Order, _tell: Tell) -> Done:
        (site,) = order.sites
        mended = await self._world.repair(site)
        return Done(lines=(f"{mended:,} rotten objects at {site} were mended",))

    async def _resources(self, _order: Order, tell: Tell) -> Done:
        world = self._world
        catalogue = Catalogue(world.ring, world.doors, await world.standing_databases())
        records = await try_resources(world.ring, catalogue, f"{time.time():.0f}", tell)
        lines = [
            f"of {one.stored_at}, asked for at {one.asked_at}: read from "
            f"{one.read_from or 'nowhere'} after {one.seconds:.2f} s (nearest: {one.nearest})"
            for one in records
        ]
        whole = all(one.sha256_read == one.sha256_stored for one in records)
        return Done(
            lines=tuple(lines),
            resources=records,
            verdict=Verdict.PASS if whole else Verdict.FAIL,
        )

    async def _restore(self, order: Order, tell: Tell) -> Done:
        holdings = {holding.id: holding for holding in self._province.holdings}
        holding = holdings.get(order.holding or "")
        if holding is None:
            raise DataError(
                f"the province keeps no '{order.holding}'", f"it keeps: {', '.join(holdings)}"
            )
        await self._send_home(tell)
        restored = await restore(self._world, holding, tell)
        record, back = restored.record, ""
        if restored.put_back:
            self._world.has_back(holding.id, record.site)
            back = f"; {restored.put_back:,} were put back"
        line = (
            f"{record.holding} of {record.site} from {record.backup_site}: "
            f"{record.pieces_equal:,} of {record.pieces:,} pieces are equal{back} "
            f"({record.seconds:.1f} s)"
        )
        return Done(
            lines=(line,),
            restores=(record,),
            verdict=Verdict.PASS if record.is_whole else Verdict.FAIL,
        )

    async def _write(self, order: Order, tell: Tell) -> Done:
        if self._writing is not None and not self._writing.done():
            raise DataError("people write already", "wait until they have done: data write --wait")
        ledger = self._world.begin_ledger()
        asked = WriteOrder(
            seconds=order.seconds,
            buckets=dict(self._world.ring.buckets),
            objects_per_second=4 * order.rate,
            reads_per_second=4 * order.rate,
            rows_per_second=8 * order.rate,
        )
        self._writing_seconds = order.seconds
        self._enough = asyncio.Event()
        self._writing = asyncio.create_task(write(asked, self._world.doors, ledger, self._enough))
        if not order.waits:
            await asyncio.sleep(0)
            return Done(lines=(f"people write for {order.seconds:.0f} s at most; {ledger.path}",))
        await self._written(tell)
        return _written(read_ledger(ledger.path))

    async def _send_home(self, tell: Tell) -> None:
        """People end what they are at: before, nobody can say what was acknowledged."""
        self._enough.set()
        await self._written(tell)

    async def _written(self, tell: Tell) -> None:
        """Until people have done; a command that is given up does not send them home."""
        writing = self._writing
        began = time.monotonic()
        while writing is not None and not writing.done():
            waited = time.monotonic() - began
            tell(f"people write, {self._writing_seconds:.0f} s at most; waited {waited:.0f} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(writing), 1.0)
        if writing is not None:
            writing.result()

    async def _probe(self, order: Order, tell: Tell) -> Done:
        turn = f"{time.time():.0f}"
        access = await self._world.standing_databases()
        lags, lines = [], []
        for pair in pairs(self._world.ring, self._world.doors, access, turn):
            before = await self._world.received()
            found = await self._probe_pair(pair, order.count, tell)
            asked = await self._world.received() - before
            record = found.record(pair, under_load=asked > 0)
            lags.append(record)
            lines.append(
                f"{pair.engine} {pair.site} → {pair.partner}: p50 {record.lag_ms_p50:.1f} ms, "
                f"p99 {record.lag_ms_p99:.1f} ms, highest {record.lag_ms_max:.1f} ms "
                f"of {record.count}; {record.missing} never found"
            )
        missed = any(record.missing for record in lags)
        return Done(
            lines=tuple(lines), lags=tuple(lags), verdict=Verdict.FAIL if missed else Verdict.PASS
        )

    async def _probe_pair(self, pair: ObjectPair | RowPair, count: int, tell: Tell) -> Lags:
        what = f"{pair.engine} {pair.site} → {pair.partner}"
        try:
            return await probe(pair, count, lambda done: tell(f"{what}: {done} of {count}"))
        except SeenError as error:
            raise DataError(
                f"{what}: the first probe was not acknowledged: {error.cause}",
                mending_what(error.cause, "./suyun data status says what stands"),
            ) from error
        finally:
            await pair.close()

    async def _check(self, order: Order, tell: Tell) -> Done:
        await self._send_home(tell)
        path = newest(self._world.ledgers)
        if path is None:
            raise DataError("nobody has written yet", "./suyun data write has people write")
        entries = read_ledger(path)
        tell("looking at everything that is there")
        checked = await check(
            order.drill or "none",
            await duties(self._world, entries),
            entries,
            rpo_seconds_max=self._province.objectives.data.rpo_seconds_max,
        )
        lines = [_told(one) for one in checked]
        faults = [fault for one in checked for fault in one.faults]
        return Done(
            lines=(*lines, *(f"WRONG: {fault}" for fault in faults)),
            accounts=tuple(one.record for one in checked),
            verdict=_verdict(checked),
        )


_SITE_ACTIONS: dict[Action, tuple[str, str]] = {
    Action.STOP_GATEWAYS: ("stop_gateways", "the object gateways of {0} were killed"),
    Action.START_GATEWAYS: ("start_gateways", "the object gateways of {0} are back"),
    Action.FILL: ("fill", "the disk under the objects of {0} is full"),
    Action.FREE: ("free", "the disk under the objects of {0} has room"),
    Action.CUT: ("cut", "the link from {0} to {1} is cut"),
    Action.HEAL: ("heal", "the link from {0} to {1} is whole"),
    Action.PROMOTE: ("promote", "{0} leads the database now"),
    Action.REJOIN: ("rejoin", "the database of {0} follows"),
    Action.SABOTAGE: ("sabotage", "what is written at {0} is copied nowhere, and nothing says so"),
    Action.UNDO_SABOTAGE: ("undo_sabotage", "what is written at {0} is copied again"),
}
"""The world's method, and what is said once it has been done."""


def _written(entries: Entries) -> Done:
    acknowledged, failed = len(entries.of(Acknowledged)), len(entries.of(Failed))
    return Done(lines=(f"{acknowledged:,} writes were acknowledged, {failed:,} requests failed",))


def _verdict(checked: tuple[Checked, ...]) -> Verdict:
    if any(one.faults for one in checked):
        return Verdict.FAIL
    written = any(one.record.writes_acknowledged for one in checked)
    return Verdict.PASS if written else Verdict.UNKNOWN


def _told(checked: Checked) -> str:
    record = checked.record
    times = ""
    if record.rto_seconds is not None:
        times = f"; answered again after {record.rto_seconds:.1f} s"
    if record.lost and record.rpo_seconds is not None:
        times += f"; the oldest lost was {record.rpo_seconds:.1f} s old"
    errors = checked.errors
    seen = f"; {sum(errors.values()):,} errors in {len(errors)} s" if errors else ""
    return (
        f"{record.engine} of {record.site}, at {' and '.join(checked.looked_at) or 'nobody'}: "
        f"{record.writes_acknowledged:,} acknowledged, {record.kept:,} kept, {record.lost:,} lost, "
        f"{record.duplicated:,} duplicated, {record.corrupted:,} corrupted{times}{seen}"
    )
