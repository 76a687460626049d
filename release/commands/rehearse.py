"""`./suyun rehearse`."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from evidence.run import RunFolder
from evidence.verdict import ExitCode
from release.commands.inputs import province_path
from release.console import print_judgement
from release.crowd import Crowd
from release.drills_table import print_drills
from release.errors import explain
from release.gathered import gather
from release.interrupts import run
from release.losses_table import print_losses
from release.narrator import Narrator
from release.rehearse import Rehearsal, RehearsalOrder
from release.verdict_file import verdict_json
from release.workspace import Workspace


def rehearse(
    crowd: Crowd, *, parallel: int, drills: bool, province_file: Path | None, as_json: bool
) -> ExitCode:
    """Runs the rehearsal, prints its judgement, and returns its code; or says what failed."""
    order = RehearsalOrder(
        province_file=province_path(province_file),
        crowd=crowd,
        parallel=parallel,
        drills=drills,
    )
    workspace = Workspace.here()
    rehearsal = Rehearsal(order, workspace, Narrator())
    judgement = run(rehearsal.run())
    if as_json:
        typer.echo(verdict_json(judgement), nl=False)
    else:
        console, folder = Console(highlight=False), workspace.runs / judgement.run
        print_losses(gather(RunFolder.open(folder)), console)
        print_drills(judgement.drills, console)
        print_judgement(judgement, console)
        typer.echo(f"report: {folder / 'report.html'}")
    if rehearsal.failure is not None:
        return explain(rehearsal.failure, workspace.state)
    return judgement.exit_code
