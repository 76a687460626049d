"""What a loss cost, from the ledger: how much work (RPO) and how much time (RTO). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from province.holdings import Engine
from rehearsal.data.ledger import Acknowledged, Entries, Failed, Happened, Read

KILL = "kill"
BOOT = "boot"
_ANSWERS = {"NoSuchKey"}
"""Failures in which the other site did answer: the object is lost, and is counted as that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """A site's servers of an engine gone, from `at` (seconds since the epoch) until `until`."""

    site: str
    at: float
    until: float


def losses(entries: Entries, engine: Engine) -> tuple[Loss, ...]:
    """Every abrupt end of that engine's servers at a site, until the site was booted again."""
    happened = entries.of(Happened)
    return tuple(
        Loss(site=one.sites[0], at=one.at, until=_until(happened, one.sites[0], one.at))
        for one in happened
        if one.what in {KILL, f"{KILL} {engine}"}
    )


def rpo_seconds(lost: Sequence[Acknowledged], loss: Loss | None) -> float | None:
    """How old the oldest lost write was when the site was lost; 0 where none was lost.

    None where writes are lost though no site was: there is no moment to count from.
    """
    if not lost:
        return 0.0
    if loss is None:
        return None
    return max(0.0, loss.at - min(write.at for write in lost))


def rto_seconds(entries: Entries, engine: Engine, loss: Loss) -> float | None:
    """From the loss until people were answered for good by another site.

    Those are reads of the lost site's objects, or writes of anybody's to the database. None where
    nobody asked, or nobody was answered.
    """
    answers = [one for one in _answers(entries, engine, loss) if one.answered_by != loss.site]
    failures = [one.at for one in _failures(entries, engine, loss)]
    after = max(failures, default=loss.at)
    times = [one.at for one in answers if one.at >= after and one.sent_at <= loss.until]
    return min(times) - loss.at if times else None


def errors_by_second(entries: Entries, engine: Engine, sites: Collection[str]) -> dict[int, int]:
    """How many requests of those sites' people failed, by the second since the epoch."""
    failed = (one for one in entries.of(Failed) if one.engine is engine and one.site in sites)
    return dict(sorted(Counter(int(one.at) for one in failed).items()))


def _answers(entries: Entries, engine: Engine, loss: Loss) -> Sequence[Read | Acknowledged]:
    if engine is Engine.DATABASE:
        return [one for one in entries.of(Acknowledged) if _is_after(one, engine, loss)]
    reads = entries.of(Read)
    return [one for one in reads if _is_after(one, engine, loss) and one.site == loss.site]


def _failures(entries: Entries, engine: Engine, loss: Loss) -> Sequence[Failed]:
    failed = [one for one in entries.of(Failed) if _is_after(one, engine, loss)]
    if engine is Engine.DATABASE:
        return [one for one in failed if one.does == "write" and one.at <= loss.until]
    return [
        one
        for one in failed
        if one.does == "read"
        and one.site == loss.site
        and one.at <= loss.until
        and one.error not in _ANSWERS
    ]


def _is_after(one: Read | Acknowledged | Failed, engine: Engine, loss: Loss) -> bool:
    return one.engine is engine and one.at >= loss.at


def _until(happened: Sequence[Happened], site: str, at: float) -> float:
    """Booted again, or overtaken by the next loss, whose errors are its own."""
    ends = (
        one.at
        for one in happened
        if (one.what == BOOT and site in one.sites) or one.what.startswith(KILL)
    )
    return min((moment for moment in ends if moment > at), default=float("inf"))
