"""What drills showed: each claim's drills, what stands against them, and one value for a report.

The runner says whether every step showed what its runbook expects; the checker accounts for every
acknowledged write. A drill that nobody accounted for shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from evidence.drills import DrillFiguresRecord, DrillLoadRecord, DrillRecord
from evidence.figure import Figure
from evidence.load import WORKER_LAG_MS_P99_MAX
from evidence.verdict import Verdict, merge
from province.holdings import Engine
from province.objectives import DataObjectives
from province.value import Value
from release.claims.grounds import Ground, failed, unknown
from release.gathered import Gathered

READS = (DrillRecord, DrillFiguresRecord, DrillLoadRecord)
DRILLS: Mapping[str, tuple[str, ...]] = {
    "site-loss": ("gateway-dies", "site-dies", "database-primary-dies", "link-cut"),
    "storage": ("disk-fills", "object-corrupted"),
    "backup": ("bucket-deleted", "ransom-overwrite", "restore-elsewhere"),
}
"""The drills that speak for a claim, by the names of their runbooks."""
FAILOVERS: Mapping[str, frozenset[Engine]] = {
    "gateway-dies": frozenset({Engine.OBJECTS}),
    "site-dies": frozenset({Engine.OBJECTS, Engine.DATABASE}),
    "database-primary-dies": frozenset({Engine.DATABASE}),
}
"""In these drills another site has to answer for an engine, and how soon is measured."""
LOSSES = frozenset({"site-dies"})
"""In these something is gone for good, and what was not copied yet with it."""


class DrillSeen(Value):
    """One drill: how its last run ended, judged with what the checker says of the data.

    `load` is what users saw meanwhile; None where none were at work.
    """

    drill: str
    verdict: Verdict
    reason: str
    step: int
    steps: int
    seconds: float
    accounts: tuple[DrillFiguresRecord, ...]
    load: DrillLoadRecord | None = None


def seen_drills(evidence: Gathered) -> tuple[DrillSeen, ...]:
    """Each drill that was run, by its last word, in the order in which they were first run."""
    return tuple(_judged(evidence, record) for record in _last(evidence))


def grounds_of_drills(evidence: Gathered, claim: str) -> Iterator[Ground]:
    """What stands against the drills of a claim that were run."""
    for record in _last(evidence):
        if record.drill in DRILLS[claim]:
            for ground in _grounds(evidence, record):
                yield Ground(verdict=ground.verdict, text=f"drill {record.drill}: {ground.text}")


def undrilled(evidence: Gathered, claim: str) -> tuple[str, ...]:
    """The claim's drills that nobody has run."""
    run = {record.drill for record in evidence.of(DrillRecord)}
    return tuple(drill for drill in DRILLS[claim] if drill not in run)


def figures_of_drills(evidence: Gathered, claim: str) -> dict[str, Figure]:
    """All accounts of a claim's drills together."""
    drills = [record.drill for record in _last(evidence) if record.drill in DRILLS[claim]]
    accounts = [account for drill in drills for account in _accounts(evidence, drill)]
    if not drills:
        return {}
    figures = {"drills_run": Figure(value=len(drills), unit="drills", objective=len(DRILLS[claim]))}
    if not accounts:
        return figures
    bounds = evidence.province.objectives.data
    loads = [load for drill in drills if (load := load_of(evidence, drill))]
    return figures | _counts(accounts) | _times(accounts, bounds) | _users(loads, bounds)


def _last(evidence: Gathered) -> Iterable[DrillRecord]:
    return {record.drill: record for record in evidence.of(DrillRecord)}.values()


def _accounts(evidence: Gathered, drill: str) -> tuple[DrillFiguresRecord, ...]:
    """The last word on each engine's data at each site."""
    accounts = [one for one in evidence.of(DrillFiguresRecord) if one.drill == drill]
    return tuple({(one.engine, one.site): one for one in accounts}.values())


def _judged(evidence: Gathered, record: DrillRecord) -> DrillSeen:
    grounds = list(_grounds(evidence, record))
    verdict = merge([Verdict.PASS, *(ground.verdict for ground in grounds)])
    reasons = [ground.text for ground in grounds if ground.verdict is verdict]
    return DrillSeen(
        drill=record.drill,
        verdict=verdict,
        reason="; ".join(reasons) or record.reason,
        step=record.step,
        steps=record.steps,
        seconds=record.seconds,
        accounts=_accounts(evidence, record.drill),
        load=load_of(evidence, record.drill),
    )


def load_of(evidence: Gathered, drill: str) -> DrillLoadRecord | None:
    """What users saw of the drill's last run that any were at work in."""
    loads = [one for one in evidence.of(DrillLoadRecord) if one.drill == drill]
    return loads[-1] if loads else None


def _grounds(evidence: Gathered, record: DrillRecord) -> Iterator[Ground]:
    drill, accounts = record.drill, _accounts(evidence, record.drill)
    if record.verdict is not Verdict.PASS:
        yield Ground(verdict=record.verdict, text=record.reason)
    known = {account.engine for account in accounts}
    wanted = FAILOVERS.get(drill, frozenset())
    is_owed = any(drill in drills for drills in DRILLS.values())
    if wanted - known or (is_owed and not known):
        what = " and ".join(sorted(wanted - known)) or "people's data"
        yield unknown(f"nobody accounted for {what}")
    bounds = evidence.province.objectives.data
    # The site that was lost has the figure; its neighbours, accounted for as well, have none.
    untimed = wanted - {account.engine for account in accounts if account.rto_seconds is not None}
    for account in accounts:
        for ground in _of_account(account, bounds, is_untimed=account.engine in untimed):
            text = f"{account.engine} of {account.site}: {ground.text}"
            yield Ground(verdict=ground.verdict, text=text)
    load = load_of(evidence, drill)
    if load is not None:
        yield from _of_load(load, bounds, is_failover=drill in FAILOVERS)


def _of_load(
    load: DrillLoadRecord, bounds: DataObjectives, *, is_failover: bool
) -> Iterator[Ground]:
    """Users have to be served again as soon as the slower of both engines may take.

    Where no other site has what was taken away, until somebody has brought it back: at the end.
    """
    if load.workers_lost or load.worker_lag_ms_p99 > WORKER_LAG_MS_P99_MAX:
        yield unknown(
            f"the load generator lost {load.workers_lost} workers and was "
            f"{load.worker_lag_ms_p99:.0f} ms late: it shows nothing of what users saw"
        )
        return
    most = bounds.database_rto_seconds_max
    for outage in load.outages if is_failover else load.outages[-1:]:
        after = outage.recovered_seconds
        if after is None:
            yield failed(f"after {outage.what} users were not served again")
        elif is_failover and after > most:
            yield failed(f"after {outage.what} users were served again in {after} s, not {most:g}")


def _of_account(
    account: DrillFiguresRecord, bounds: DataObjectives, *, is_untimed: bool
) -> Iterator[Ground]:
    of = f"of {account.writes_acknowledged:,} acknowledged writes"
    if not account.writes_acknowledged:
        yield unknown("nobody wrote meanwhile")
    if account.corrupted:
        yield failed(f"{account.corrupted:,} {of} came back with other bytes")
    if account.duplicated:
        yield failed(f"{account.duplicated:,} {of} are there more than once")
    if account.lost:
        yield from _of_losses(account, bounds)
    most = _rto_seconds_max(account.engine, bounds)
    if is_untimed:
        yield unknown("nobody measured when clients were answered again")
    elif account.rto_seconds is not None and account.rto_seconds > most:
        yield failed(f"clients were answered again after {account.rto_seconds:.1f} s, not {most:g}")


def _of_losses(account: DrillFiguresRecord, bounds: DataObjectives) -> Iterator[Ground]:
    """Where a copy follows the acknowledgement, a few writes may be lost; never all, or old ones.

    Replication that is silently off shows here: then all that was written is on one site alone.
    """
    lost = f"{account.lost:,} of {account.writes_acknowledged:,} acknowledged writes are lost"
    if account.is_synchronous:
        yield failed(f"{lost}, though {account.partner} had them before they were acknowledged")
    elif account.drill not in LOSSES:
        yield failed(f"{lost}, though nothing was gone for good")
    elif not account.kept:
        yield failed(f"{lost}: nothing was copied to {account.partner}")
    elif account.rpo_seconds is None:
        yield unknown(f"{lost}, and nobody measured how old they were")
    elif account.rpo_seconds > bounds.rpo_seconds_max:
        oldest = f"the oldest {account.rpo_seconds:.1f} s old"
        yield failed(f"{lost}, {oldest}, not {bounds.rpo_seconds_max:g}")


def _rto_seconds_max(engine: Engine, bounds: DataObjectives) -> float:
    if engine is Engine.OBJECTS:
        return bounds.objects_rto_seconds_max
    return bounds.database_rto_seconds_max


def _counts(accounts: Sequence[DrillFiguresRecord]) -> dict[str, Figure]:
    def writes(counts: Iterable[int], objective: int | None = None) -> Figure:
        return Figure(value=sum(counts), unit="writes", objective=objective)

    return {
        "writes_acknowledged": writes(a.writes_acknowledged for a in accounts),
        "writes_lost": writes(a.lost for a in accounts),
        "writes_lost_synchronous": writes((a.lost for a in accounts if a.is_synchronous), 0),
        "writes_duplicated": writes((a.duplicated for a in accounts), 0),
        "writes_corrupted": writes((a.corrupted for a in accounts), 0),
    }


def _users(loads: Sequence[DrillLoadRecord], bounds: DataObjectives) -> dict[str, Figure]:
    """What users saw, in the drills that any were at work in."""
    if not loads:
        return {}
    figures = {
        "users_at_work": Figure(value=max(one.users for one in loads), unit="users"),
        "users_requests": Figure(value=sum(one.requests for one in loads), unit="requests"),
        "users_errors": Figure(value=sum(one.failed for one in loads), unit="requests"),
    }
    bounded = [outage for one in loads if one.drill in FAILOVERS for outage in one.outages]
    if after := [one.recovered_seconds for one in bounded if one.recovered_seconds]:
        most = bounds.database_rto_seconds_max
        figures["users_recovered_max"] = Figure(value=max(after), unit="s", objective=most)
    return figures


def _times(accounts: Sequence[DrillFiguresRecord], bounds: DataObjectives) -> dict[str, Figure]:
    figures = {}
    for engine in Engine:
        seconds = [a.rto_seconds for a in accounts if a.engine is engine]
        measured = [value for value in seconds if value is not None]
        if measured:
            figures[f"{engine}_rto_max"] = Figure(
                value=max(measured), unit="s", objective=_rto_seconds_max(engine, bounds)
            )
    ages = [a.rpo_seconds for a in accounts if a.rpo_seconds is not None]
    if ages:
        figures["rpo_max"] = Figure(value=max(ages), unit="s", objective=bounds.rpo_seconds_max)
    return figures
