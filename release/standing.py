"""Clusters for the fleet commands: the machine room's, started when needed, or given ones."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

from infra.fleet.engine import SiteTarget
from infra.plan.values import SitePlan
from rehearsal.machine_room import daemon
from rehearsal.machine_room.commands import PROGRAMS
from rehearsal.machine_room.daemon import RoomStatus
from release.errors import InputError
from release.narrator import Narrator, Step
from release.tooling import tooled
from release.workspace import Workspace


async def stand(workspace: Workspace, province_file: Path, narrator: Narrator) -> RoomStatus:
    """The machine room's status once it is ready; it is booted when none stands.

    Raises ProcessError when it does not get ready. Interrupted, it ends a room that it began.
    """
    if daemon.status(workspace.state) is not None:
        return await _ready(workspace, narrator)
    await tooled(workspace, narrator, PROGRAMS)
    # A new room's clusters are empty: what Pulumi knows of an earlier room's is void.
    shutil.rmtree(fleet_folder(workspace, "rehearsal"), ignore_errors=True)
    narrator.say("starting the machine room; ./suyun room stop ends it")
    try:
        await asyncio.to_thread(
            daemon.start_detached, workspace.state, province_file, workspace.cache
        )
        return await _ready(workspace, narrator)
    except asyncio.CancelledError:
        await asyncio.to_thread(daemon.stop, workspace.state)
        raise


async def _ready(workspace: Workspace, narrator: Narrator) -> RoomStatus:
    with narrator.stage("machine-room", "waiting for the control planes"):
        return await daemon.wait_ready(
            workspace.state,
            lambda ready, total: narrator.step(
                Step(done=ready, total=total, text=f"{ready} of {total} control planes are ready")
            ),
        )


def fleet_folder(workspace: Workspace, environment: str) -> Path:
    """Where the fleet commands keep an environment's stacks."""
    return workspace.state / f"fleet-{environment}"


def room_targets(room: RoomStatus, plans: Sequence[SitePlan]) -> tuple[SiteTarget, ...]:
    """The plans with the room's clusters. Raises InputError when the room is of other sites."""
    for plan in plans:
        if plan.site not in room.sites:
            raise InputError(
                f"the machine room has no site '{plan.site}'",
                "it was started for another province: ./suyun room stop, then again",
            )
    return tuple(SiteTarget(plan=plan, kubeconfig=room.sites[plan.site]) for plan in plans)


def given_targets(folder: Path | None, plans: Sequence[SitePlan]) -> tuple[SiteTarget, ...]:
    """The plans with the kubeconfigs `<site>.yaml` of a folder. Raises InputError."""
    if folder is None:
        raise InputError(
            "production needs the clusters' kubeconfigs",
            "name a folder of <site>.yaml files with --kubeconfigs",
        )
    missing = [plan.site for plan in plans if not (folder / f"{plan.site}.yaml").is_file()]
    if missing:
        raise InputError(
            f"{folder} has no kubeconfig for {', '.join(missing)}",
            "put <site>.yaml there for each site, or choose sites with --site",
        )
    return tuple(SiteTarget(plan=p, kubeconfig=folder / f"{p.site}.yaml") for p in plans)
