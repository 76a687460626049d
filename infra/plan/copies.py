"""Tells of what holds data at a site: where its copies go, which database is there, by whom."""

from __future__ import annotations

from infra.plan.stateful import DatabasePlan, DataPlan
from province.value import Value


class DataSummary(Value):
    """Sites by their ids. `operators` are chart references; `schedules` are cron by data class."""

    copies_at: str
    keeps_copies_of: tuple[str, ...]
    schedules: dict[str, str]
    database: str | None
    operators: tuple[str, ...]
    is_retained: bool


def describe_data(plan: DataPlan) -> DataSummary:
    """The plan in short."""
    own, *others = plan.backup.locations
    return DataSummary(
        copies_at=own.bucket.kept_at,
        keeps_copies_of=tuple(one.bucket.site for one in others if not one.is_of_site),
        schedules={one.name: one.cron for one in plan.backup.schedules},
        database=_database(plan.database) if plan.database else None,
        operators=tuple(plan.operators.values()),
        is_retained=plan.is_retained,
    )


def data_lines(summary: DataSummary) -> tuple[str, ...]:
    """A line each for copies, database and operators."""
    schedules = ", ".join(f"{name} at '{cron}'" for name, cron in summary.schedules.items())
    of = f"; keeps those of {', '.join(summary.keeps_copies_of)}" if summary.keeps_copies_of else ""
    after = "stays when the stack goes" if summary.is_retained else "goes with its stack"
    return (
        f"  copies      to {summary.copies_at} ({schedules}){of}",
        *((f"  database    {summary.database}",) if summary.database else ()),
        f"  data        {after}",
        *(f"  operator    {chart}" for chart in summary.operators),
    )


def _database(plan: DatabasePlan) -> str:
    does = "takes writes" if plan.primary == plan.name else f"follows {plan.source}"
    return (
        f"{plan.name} {does}: {plan.instances} instances of {plan.compute.cpu_millis / 1000:g} "
        f"cores, {plan.storage_gib:,} GiB"
    )
