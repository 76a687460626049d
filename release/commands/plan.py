"""`./suyun plan`: what each site will get, without any cluster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from evidence.verdict import ExitCode
from infra.plan.fleet import plan_fleet
from infra.plan.render import describe, text
from province.reader import read
from release.commands.inputs import chosen, province_path
from release.commands.output import print_json


def show_plan(
    environment: str, *, sites: Sequence[str] | None, province_file: Path | None, as_json: bool
) -> ExitCode:
    """What each site will get, and why."""
    province = read(province_path(province_file))
    plans = chosen(plan_fleet(province, environment), sites)
    summaries = [describe(plan, province) for plan in plans]
    if as_json:
        print_json(summaries)
    else:
        typer.echo("\n\n".join(text(summary) for summary in summaries))
    return ExitCode.PASS
