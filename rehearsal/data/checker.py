"""The checker: accounts for each acknowledged write, at every place that has to answer for it.

It reads the ledger and looks at the places by itself. A copy that only lags is waited for; whether
one may lag for good depends on whether the site that took the writes still stands.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evidence.drills import DrillFiguresRecord
from province.holdings import Engine
from rehearsal.data.accounts import Account, Fate, account
from rehearsal.data.errors import DataError
from rehearsal.data.figures import Loss, errors_by_second, losses, rpo_seconds, rto_seconds
from rehearsal.data.inspector import Place
from rehearsal.data.ledger import Acknowledged, Entries

CATCH_UP_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Duty:
    """Who has to answer for the writes of `sites` to one engine.

    `site` took them; `places` are all that have them and stand, in the order of the plan; `partner`
    is who answers when `site` is lost. `is_source_standing`: nothing may be missing for good.
    """

    engine: Engine
    site: str
    sites: tuple[str, ...]
    partner: str
    is_synchronous: bool
    is_source_standing: bool
    places: tuple[Place, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A duty's account, as evidence; and what is wrong with it, in words, if anything is.

    `errors` are those that people saw, by the second since the epoch.
    """

    record: DrillFiguresRecord
    looked_at: tuple[str, ...]
    errors: dict[int, int]
    faults: tuple[str, ...]


async def check(
    drill: str,
    duties: Sequence[Duty],
    entries: Entries,
    *,
    rpo_seconds_max: float,
    clock: Callable[[], float] = time.time,
    catch_up_seconds: float = CATCH_UP_SECONDS,
) -> tuple[Checked, ...]:
    """Every duty's account. Raises DataError when a place that stands cannot be looked at."""
    checked = []
    for duty in duties:
        writes = _writes(duty, entries)
        found = await _settled(duty, writes, catch_up_seconds)
        loss = next((one for one in losses(entries, duty.engine) if one.site == duty.site), None)
        record = _record(drill, duty, found, entries, loss, checked_at=clock())
        faults = tuple(_faults(duty, record, rpo_seconds_max))
        errors = errors_by_second(entries, duty.engine, duty.sites)
        checked.append(
            Checked(record=record, looked_at=found.looked_at, errors=errors, faults=faults)
        )
    return tuple(checked)


async def _settled(duty: Duty, writes: Sequence[Acknowledged], catch_up_seconds: float) -> Account:
    """The account once nothing changes it any more for the better, or time is up."""
    if writes and not duty.places:
        raise DataError(
            f"nobody is left to answer for the {duty.engine} of {duty.site}",
            f"./suyun data boot {duty.site}",
        )
    deadline = asyncio.get_running_loop().time() + catch_up_seconds
    missing = -1
    while True:
        names = {(write.place, write.key) for write in writes}
        found = account(writes, [await place.look(names) for place in duty.places])
        lost = found.count(Fate.LOST)
        is_final = not duty.is_source_standing and lost == missing
        if lost == 0 or is_final or asyncio.get_running_loop().time() > deadline:
            return found
        missing = lost
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def _writes(duty: Duty, entries: Entries) -> tuple[Acknowledged, ...]:
    return tuple(
        one
        for one in entries.of(Acknowledged)
        if one.engine is duty.engine and one.site in duty.sites
    )


def _record(
    drill: str,
    duty: Duty,
    found: Account,
    entries: Entries,
    loss: Loss | None,
    *,
    checked_at: float,
) -> DrillFiguresRecord:
    return DrillFiguresRecord(
        drill=drill,
        engine=duty.engine,
        site=duty.site,
        partner=duty.partner,
        is_synchronous=duty.is_synchronous,
        writes_acknowledged=len(found.fates),
        kept=found.count(Fate.KEPT),
        lost=found.count(Fate.LOST),
        duplicated=found.count(Fate.DUPLICATED),
        corrupted=found.count(Fate.CORRUPTED),
        rpo_seconds=rpo_seconds(found.lost, loss),
        rto_seconds=rto_seconds(entries, duty.engine, loss) if loss else None,
        checked_at=checked_at,
    )


def _faults(duty: Duty, record: DrillFiguresRecord, rpo_seconds_max: float) -> Sequence[str]:
    what = f"{duty.engine} of {duty.site}: "
    of = f"of {record.writes_acknowledged:,} acknowledged writes"
    faults = []
    if record.corrupted:
        faults.append(f"{what}{record.corrupted:,} {of} have other bytes")
    if record.duplicated:
        faults.append(f"{what}{record.duplicated:,} {of} are there more than once")
    if record.lost and (duty.is_synchronous or duty.is_source_standing):
        why = "each was confirmed by another site" if duty.is_synchronous else "no site was lost"
        faults.append(f"{what}{record.lost:,} {of} are lost, though {why}")
    elif record.lost and (record.rpo_seconds is None or record.rpo_seconds > rpo_seconds_max):
        age = "unknown" if record.rpo_seconds is None else f"{record.rpo_seconds:.1f} s"
        faults.append(
            f"{what}{record.lost:,} {of} are lost, the oldest {age} before the loss "
            f"({rpo_seconds_max:g} s at most)"
        )
    return faults
