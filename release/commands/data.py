"""`./suyun data`: a data world that outlives a command, and what it is asked."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import typer

from evidence.drills import RUN_VARIABLE
from evidence.run import RunFolder
from evidence.verdict import ExitCode, exit_code
from rehearsal.data import daemon
from rehearsal.data.orders import Done, Order
from rehearsal.data.serve import PROGRAMS
from rehearsal.data.status import WorldStatus
from release.commands.inputs import province_path
from release.commands.output import print_json
from release.interrupts import run
from release.narrator import Narrator, Step
from release.tooling import tooled
from release.workspace import Workspace


def start(province_file: Path | None, *, has_links: bool, as_json: bool) -> ExitCode:
    """Starts the world, or finds it standing."""
    status = run(_start(province_path(province_file), has_links=has_links))
    if as_json:
        print_json(status)
        return ExitCode.PASS
    typer.echo(f"the data world stands: {', '.join(status.sites)}; ./suyun data stop ends it")
    return ExitCode.PASS


async def _start(province_file: Path, *, has_links: bool) -> WorldStatus:
    workspace, narrator = Workspace.here(), Narrator()
    if daemon.status(workspace.state) is None:
        await tooled(workspace, narrator, PROGRAMS)
        await asyncio.to_thread(
            daemon.start_detached,
            workspace.state,
            province_file,
            workspace.cache,
            has_links=has_links,
        )
    try:
        with narrator.stage("data", "starting the data world"):
            return await daemon.wait_ready(workspace.state, narrator.say)
    except asyncio.CancelledError:
        await asyncio.to_thread(daemon.stop, workspace.state)
        raise


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
