"""The tables of drills and of probes, the same in the report and on the console."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from rich.console import Console
from rich.table import Table

from evidence.drills import DrillFiguresRecord, DrillLoadRecord, LagRecord
from evidence.verdict import Verdict
from release.claims.drills import DrillSeen
from release.gathered import Gathered
from release.wording import printable

_TEXTS = frozenset({"drill", "verdict", "data"})
_REPORT_ALONE = frozenset({"partner", "users", "errors", "showed"})
"""Columns for which a terminal is too narrow."""
_UNMEASURED = "–"


@dataclass(frozen=True, kw_only=True, slots=True)
class DrillRow:
    """One drill and one engine's data at a site, in words, in the order of the columns.

    Writes are those that were acknowledged; RPO, RTO and `took` are in seconds.
    """

    drill: str
    verdict: Verdict
    data: str
    partner: str
    writes: str
    kept: str
    lost: str
    twice: str
    corrupted: str
    rpo: str
    rto: str
    users: str
    errors: str
    took: str
    showed: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LagRow:
    """The probes of one pair, in words. Times are milliseconds until a write was found."""

    data: str
    partner: str
    payload: str
    load: str
    found: str
    missing: str
    p50: str
    p95: str
    p99: str
    highest: str


def drill_rows(drills: Sequence[DrillSeen]) -> tuple[DrillRow, ...]:
    """A row for each account of each drill, and one for a drill that nobody accounted for."""
    return tuple(row for seen in drills for row in _rows(seen))


def lag_rows(evidence: Gathered) -> tuple[LagRow, ...]:
    """A row for each histogram that probes gave, as they were written down."""
    return tuple(
        LagRow(
            data=f"{lag.engine} of {lag.site}",
            partner=lag.partner,
            payload=f"{lag.payload_bytes:,}",
            load="load" if lag.under_load else "idle",
            found=f"{lag.count:,}",
            missing=f"{lag.missing:,}",
            p50=f"{lag.lag_ms_p50:,.0f}",
            p95=f"{lag.lag_ms_p95:,.0f}",
            p99=f"{lag.lag_ms_p99:,.0f}",
            highest=f"{lag.lag_ms_max:,.0f}",
        )
        for lag in evidence.of(LagRecord)
    )


def print_drills(drills: Sequence[DrillSeen], console: Console) -> None:
    """Prints the table of drills; nothing where none was run."""
    rows = drill_rows(drills)
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="bold", title_justify="left")
    table.title = "drills, and what became of every acknowledged write (RPO, RTO, took: seconds)"
    names = [field.name for field in fields(DrillRow) if field.name not in _REPORT_ALONE]
    for name in names:
        shown = name.upper() if name in {"rpo", "rto"} else name
        table.add_column(
            shown,
            justify="left" if name in _TEXTS else "right",
            overflow="fold",
            no_wrap=name in {"drill", "verdict"},
        )
    for row in rows:
        table.add_row(*(printable(str(getattr(row, name))) for name in names))
    console.print(table)
    console.print()


def users_lines(load: DrillLoadRecord) -> Iterator[str]:
    """What those saw who were at work: how much failed, and until when after each harm."""
    yield f"{load.users:,} users: {load.failed:,} of {load.requests:,} requests failed"
    for outage in load.outages:
        yield f"  {outage.what}, at {outage.second:.1f} s: {_until(outage.recovered_seconds)}"


def _until(recovered_seconds: int | None) -> str:
    if recovered_seconds is None:
        return "not served again before the next, or the end"
    return f"served again {recovered_seconds} s later" if recovered_seconds else "not noticed"


def _rows(seen: DrillSeen) -> Iterator[DrillRow]:
    for account in seen.accounts or (None,):
        yield DrillRow(
            drill=seen.drill,
            verdict=seen.verdict,
            data=f"{account.engine} of {account.site}" if account else _UNMEASURED,
            partner=account.partner if account else _UNMEASURED,
            **_numbers(account),
            **_users(seen.load),
            took=f"{seen.seconds:,.0f}",
            showed=seen.reason,
        )


def _numbers(account: DrillFiguresRecord | None) -> dict[str, str]:
    """The cells of the columns with numbers, but for the drill's own."""
    names = ("writes", "kept", "lost", "twice", "corrupted", "rpo", "rto")
    if account is None:
        return dict.fromkeys(names, _UNMEASURED)
    counts = (
        account.writes_acknowledged,
        account.kept,
        account.lost,
        account.duplicated,
        account.corrupted,
    )
    cells = [f"{count:,}" for count in counts]
    cells += [_seconds(account.rpo_seconds), _seconds(account.rto_seconds)]
    return dict(zip(names, cells, strict=True))


def _seconds(value: float | None) -> str:
    return _UNMEASURED if value is None else f"{value:,.1f}"


def _users(load: DrillLoadRecord | None) -> dict[str, str]:
    """The cells of those who were at work meanwhile."""
    if load is None:
        return {"users": "0", "errors": _UNMEASURED}
    return {"users": f"{load.users:,}", "errors": f"{load.failed:,} of {load.requests:,}"}
