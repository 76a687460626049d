"""Claim `backup`: data is backed up mutually between places. Restores prove it, probes time it.

A copy that nobody has restored is a hope: each class of data has to have been restored from
another prefecture into an empty place and found equal, piece by piece. How much a loss can take is
what probes say of the pairs of sites that replicate: how long a write takes to be found there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence.drills import LagRecord
from evidence.figure import ClaimVerdict, Figure
from evidence.records import RestoreRecord
from province.holdings import Engine
from province.objectives import DataObjectives
from province.province import Province
from release.claims import drills
from release.claims.grounds import Case, Ground, conclude, failed, no_evidence, some, unknown
from release.gathered import Gathered

READS = (RestoreRecord, LagRecord, *drills.READS)


def judge_backup(evidence: Gathered) -> ClaimVerdict:
    """PASS once every class of data came back whole from elsewhere and no probe was too late."""
    restores = _last_restores(evidence)
    lags = evidence.of(LagRecord)
    return conclude(
        evidence,
        Case(
            claim="backup",
            reads=READS,
            grounds=list(_grounds(evidence, restores, lags)),
            kept=_kept(evidence.province, restores, lags),
            figures=_figures(evidence, restores, lags),
        ),
    )


def _last_restores(evidence: Gathered) -> tuple[RestoreRecord, ...]:
    """The last word on each class of data of each site."""
    last = {(record.holding, record.site): record for record in evidence.of(RestoreRecord)}
    return tuple(last.values())


def _grounds(
    evidence: Gathered, restores: Sequence[RestoreRecord], lags: Sequence[LagRecord]
) -> Iterator[Ground]:
    yield from drills.grounds_of_drills(evidence, "backup")
    if not restores and not lags:
        yield no_evidence("backup")
        return
    yield from _of_restores(evidence.province, restores)
    yield from _of_lags(evidence.province, lags)


def _of_restores(province: Province, restores: Sequence[RestoreRecord]) -> Iterator[Ground]:
    broken = [_told_broken(record) for record in restores if not record.is_whole]
    if broken:
        yield failed(f"what was restored is not what was stored: {some(broken)}")
    near = [f"{r.holding} of {r.site}" for r in restores if not _is_elsewhere(province, r)]
    if near:
        yield failed(f"restored from no other prefecture: {some(near)}")
    proven = {record.holding for record in restores}
    missing = [holding.id for holding in province.holdings if holding.id not in proven]
    if missing:
        yield unknown(f"nobody has restored {some(missing)}")
    if not province.holdings:
        yield unknown("the province names no class of data")


def _told_broken(record: RestoreRecord) -> str:
    equal = f"{record.pieces_equal:,} of {record.pieces:,} pieces are equal"
    return f"{record.holding} of {record.site} from {record.backup_site}: {equal}"


def _is_elsewhere(province: Province, record: RestoreRecord) -> bool:
    places = {site.id: site.prefecture for site in province.sites}
    here, there = places.get(record.site), places.get(record.backup_site)
    return None not in {here, there} and here != there


def _of_lags(province: Province, lags: Sequence[LagRecord]) -> Iterator[Ground]:
    """Every engine that keeps data has to have been probed."""
    missing = [f"{_pair(lag)} ({lag.missing:,} of {lag.count + lag.missing:,})" for lag in lags]
    lost = [text for text, lag in zip(missing, lags, strict=True) if lag.missing]
    if lost:
        yield failed(f"what was written was never found at the partner: {some(lost)}")
    late = [lag for lag in lags if lag.lag_ms_p99 > _lag_ms_max(lag, province.objectives.data)]
    if late:
        told = [f"{_pair(lag)} (p99 {lag.lag_ms_p99:,.0f} ms)" for lag in late]
        yield failed(f"copies came too late: {some(told)}")
    empty = [_pair(lag) for lag in lags if not lag.count and not lag.missing]
    if empty:
        yield unknown(f"no probe was sent: {some(empty)}")
    engines = {holding.engine for holding in province.holdings}
    unprobed = sorted(engines - {lag.engine for lag in lags})
    if unprobed:
        yield unknown(f"no probe has looked for copies of {some(unprobed)}")


def _pair(lag: LagRecord) -> str:
    return f"{lag.engine} of {lag.site} at {lag.partner}"


def _lag_ms_max(lag: LagRecord, bounds: DataObjectives) -> float:
    return bounds.lag_ms_p99_load_max if lag.under_load else bounds.lag_ms_p99_idle_max


def _kept(province: Province, restores: Sequence[RestoreRecord], lags: Sequence[LagRecord]) -> str:
    sites = {record.site for record in restores}
    pairs = {(lag.engine, lag.site, lag.partner) for lag in lags}
    return (
        f"{len(province.holdings)} classes of data were restored from another prefecture into an "
        f"empty place, {sum(r.pieces for r in restores):,} pieces of {len(sites)} of "
        f"{len(province.sites)} sites, each found equal; probes found every copy between "
        f"{len(pairs)} pairs in time"
    )


def _figures(
    evidence: Gathered, restores: Sequence[RestoreRecord], lags: Sequence[LagRecord]
) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    if restores:
        pieces = sum(record.pieces for record in restores)
        whole = {record.holding for record in restores if record.is_whole}
        figures = {
            "holdings_restored": Figure(
                value=len(whole), unit="classes", objective=len(evidence.province.holdings)
            ),
            "pieces_equal": Figure(
                value=sum(r.pieces_equal for r in restores), unit="pieces", objective=pieces
            ),
            "restore_max": Figure(value=max(record.seconds for record in restores), unit="s"),
        }
    for engine in Engine:
        for under_load in (False, True):
            figures |= _lag_figure(evidence.province, lags, engine, under_load=under_load)
    return figures | drills.figures_of_drills(evidence, "backup")


def _lag_figure(
    province: Province, lags: Sequence[LagRecord], engine: Engine, *, under_load: bool
) -> dict[str, Figure]:
    """The worst pair's, where any was probed."""
    seen = [lag for lag in lags if (lag.engine, lag.under_load) == (engine, under_load)]
    if not seen:
        return {}
    worst = max(seen, key=lambda lag: lag.lag_ms_p99)
    name = f"{engine}_lag_ms_p99_{'load' if under_load else 'idle'}_max"
    bound = _lag_ms_max(worst, province.objectives.data)
    return {name: Figure(value=worst.lag_ms_p99, unit="ms", objective=bound)}
