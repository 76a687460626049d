"""`./suyun data`: a data world that outlives a command, and what it is asked."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from evidence.drills import RUN_VARIABLE
from evidence.run import RunFolder
from evidence.verdict import ExitCode, exit_code
from rehearsal.data import daemon
from rehearsal.data.orders import Done, Order
from release.commands.inputs import province_path
from release.commands.output import print_json
from release.data_standing import stand_up
from release.interrupts import run
from release.narrator import Narrator, Step
from release.workspace import Workspace


def start(province_file: Path | None, *, users: int, has_links: bool, as_json: bool) -> ExitCode:
    """Starts the world, or finds it standing."""
    province_file = province_path(province_file)
    status = run(
        stand_up(Workspace.here(), Narrator(), province_file, users=users, has_links=has_links)
    )
    if as_json:
        print_json(status)
        return ExitCode.PASS
    typer.echo(f"the data world stands: {', '.join(status.sites)}; ./suyun data stop ends it")
    return ExitCode.PASS


def stop() -> ExitCode:
    """Ends the world; it is no error when none stands."""
    found = daemon.stop(Workspace.here().state)
    typer.echo("the data world is down" if found else "no data world was standing")
    return ExitCode.PASS


def status(*, as_json: bool) -> ExitCode:
    """UNKNOWN when no world stands."""
    found = daemon.status(Workspace.here().state)
    if found is None:
        typer.echo("{}" if as_json else "no data world stands; ./suyun data start starts one")
        return ExitCode.UNKNOWN
    if as_json:
        print_json(found)
        return ExitCode.PASS
    typer.echo(f"process {found.pid}: {found.state}, {found.doing}")
    typer.echo(f"sites: {', '.join(found.sites)}; the database is led by {found.primary}")
    typer.echo(f"down: {', '.join(found.down) or 'nothing'}")
    cuts = ", ".join(f"{first} – {second}" for first, second in found.cuts)
    typer.echo(f"cut links: {cuts or 'none'}" if found.has_links else "there are no links")
    return ExitCode.PASS


def carry_out(order: Order, *, as_json: bool) -> ExitCode:
    """Has the world do it, says what it said, and keeps the evidence in the drill's run folder."""
    done = run(_ask(order))
    _keep(done)
    if as_json:
        print_json(done)
    else:
        for line in done.lines:
            typer.echo(line)
    return exit_code(done.verdict)


async def _ask(order: Order) -> Done:
    narrator = Narrator()
    return await daemon.ask(
        Workspace.here().state,
        order,
        lambda text: narrator.step(Step(done=0, total=0, text=text)),
    )


def _keep(done: Done) -> None:
    """Where a drill has us typed, it names its run folder."""
    folder = os.environ.get(RUN_VARIABLE)
    if not folder:
        return
    evidence = RunFolder.open(Path(folder))
    for record in (*done.accounts, *done.lags, *done.restores, *done.resources):
        evidence.append(record)
