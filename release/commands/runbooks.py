"""`./suyun runbooks`: which there are, and the steps of one as a machine reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer

from evidence.verdict import ExitCode
from release.commands.output import print_json, print_table
from runbooks.reader import FOLDER, names, read_runbook
from runbooks.runbook import Runbook, RunbookStep


def list_runbooks(*, as_json: bool) -> ExitCode:
    """A line each. Raises RunbookError for the first that cannot be followed."""
    found = [read_runbook(FOLDER / f"{name}.md") for name in names()]
    if as_json:
        print_json(found)
    else:
        rows = [(one.name, f"{len(one.steps)}", one.title) for one in found]
        print_table(("runbook", "steps", "what for"), rows)
    return ExitCode.PASS


def show_runbook(runbook: str, *, as_json: bool, first: int = 1) -> ExitCode:
    """Its steps from `first` on; as JSON all of them. Raises what `named` raises."""
    found = named(runbook)
    if as_json:
        print_json(found)
        return ExitCode.PASS
    typer.echo(found.title)
    for number, step in enumerate(found.steps[first - 1 :], first):
        typer.echo(f"\n{number}. {step.title}")
        for line in _step_lines(step):
            typer.echo(f"   {line}")
    return ExitCode.PASS


def named(runbook: str) -> Runbook:
    """One of ours by its name, or a file by its path. Raises RunbookError with every finding."""
    path = Path(runbook)
    return read_runbook(path if path.suffix == ".md" else FOLDER / f"{runbook}.md")


def _step_lines(step: RunbookStep) -> Iterator[str]:
    yield from (f"$ {line}" for line in step.command.splitlines())
    yield f"expect  exit {step.expect.exit_code}"
    yield from (f"expect  {text}" for text in step.expect.contains)
    yield from (f"undo    {line}" for line in (step.undo or "").splitlines())
