"""Tools for commands that are no rehearsal: found or made, with progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from processes.supervisor import Supervisor
from rehearsal.toolchain.pins import ASSETS
from rehearsal.toolchain.toolchain import Toolchain
from release.narrator import Narrator
from release.steps import tool_step
from release.workspace import Workspace


async def tooled(
    workspace: Workspace, narrator: Narrator, names: Sequence[str]
) -> Mapping[str, Path]:
    """The paths of those tools, made where they are missing, and all assets beside them.

    Raises ToolchainError when one cannot be had.
    """
    async with Supervisor(workspace.state / "tools") as supervisor:
        toolchain = Toolchain(workspace.cache, supervisor)
        with narrator.stage("toolchain", "finding or building the tools"):
            found = await toolchain.ensure(names, lambda p: narrator.step(tool_step(p)))
            await toolchain.assets(tuple(ASSETS))
    return {name: binary.path for name, binary in found.items()}
