"""`./suyun judge` and `./suyun report`: a run's verdict, again, from its folder alone."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from evidence.run import RunFolder, RunFolderError
from evidence.verdict import ExitCode
from release.console import print_judgement
from release.drills_table import print_drills
from release.errors import InputError
from release.gathered import gather
from release.judge import judge
from release.losses_table import print_losses
from release.publish import publish
from release.verdict_file import verdict_json


def judge_run(path: Path, *, as_json: bool) -> ExitCode:
    """Judges and prints; the folder is only read."""
    run = _open(path)
    judgement = judge(run)
    if as_json:
        typer.echo(verdict_json(judgement), nl=False)
    else:
        console = Console(highlight=False)
        print_losses(gather(run), console)
        print_drills(judgement.drills, console)
        print_judgement(judgement, console)
    return judgement.exit_code


def report_run(path: Path) -> ExitCode:
    """Judges, and writes verdict, report and JUnit file into the folder."""
    run = _open(path)
    judgement = judge(run)
    for file in publish(run, judgement):
        typer.echo(str(file))
    return judgement.exit_code


def _open(path: Path) -> RunFolder:
    try:
        return RunFolder.open(path)
    except RunFolderError as error:
        raise InputError(str(error), "runs lie in runs/; runs/latest is the newest") from error
