"""A data world for a command: started in the background, or found standing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rehearsal.data import daemon
from rehearsal.data.errors import DataError
from rehearsal.data.needed import programs
from rehearsal.data.status import WorldStatus
from release.narrator import Narrator
from release.tooling import tooled
from release.workspace import Workspace


async def stand_up(
    workspace: Workspace,
    narrator: Narrator,
    province_file: Path,
    *,
    users: int = 0,
    has_links: bool = True,
) -> WorldStatus:
    """Waits until it takes orders; one that is being started is ended when this is cancelled.

    A world that stands is taken as it is, but for one that is for too few users. Raises DataError,
    and what starting raises.
    """
    if daemon.status(workspace.state) is None:
        await tooled(workspace, narrator, programs(users=users, has_links=has_links))
        order = daemon.StartOrder(
            state=workspace.state,
            province_file=province_file,
            cache=workspace.cache,
            has_links=has_links,
            users=users,
        )
        await asyncio.to_thread(daemon.start_detached, order)
    try:
        with narrator.stage("data", "starting the data world"):
            status = await daemon.wait_ready(workspace.state, narrator.say)
    except asyncio.CancelledError:
        await asyncio.to_thread(daemon.stop, workspace.state)
        raise
    if status.users < users:
        raise DataError(
            f"the data world that stands is for {status.users:,} users, not {users:,}",
            "./suyun data stop ends it; then begin anew",
        )
    return status
