"""`./suyun room`: control planes that outlive a command."""

from __future__ import annotations

from pathlib import Path

import typer

from evidence.verdict import ExitCode
from rehearsal.machine_room import daemon
from rehearsal.machine_room.daemon import RoomStatus
from release.commands.inputs import province_path
from release.commands.output import print_json, print_table
from release.interrupts import run
from release.narrator import Narrator
from release.standing import PULUMI, stand
from release.tooling import tooled
from release.workspace import Workspace


def start(province_file: Path | None) -> ExitCode:
    """Boots the room, or finds it standing."""
    status = run(_start(province_path(province_file)))
    typer.echo(
        f"the machine room stands: {status.planned} control planes; ./suyun room stop ends it"
    )
    return ExitCode.PASS


async def _start(province_file: Path) -> RoomStatus:
    workspace, narrator = Workspace.here(), Narrator()
    binaries = await tooled(workspace, narrator, PULUMI)
    return await stand(workspace, province_file, narrator, binaries)


def stop() -> ExitCode:
    """Ends the room; it is no error when none stands."""
    found = daemon.stop(Workspace.here().state)
    typer.echo("the machine room is down" if found else "no machine room was standing")
    return ExitCode.PASS


def status(*, as_json: bool) -> ExitCode:
    """UNKNOWN when no room stands."""
    found = daemon.status(Workspace.here().state)
    if found is None:
        typer.echo("{}" if as_json else "no machine room stands; ./suyun room start boots one")
        return ExitCode.UNKNOWN
    if as_json:
        print_json(found)
        return ExitCode.PASS
    typer.echo(f"process {found.pid}: {found.state}")
    print_table(("site", "kubeconfig"), [(site, str(path)) for site, path in found.sites.items()])
    return ExitCode.PASS
