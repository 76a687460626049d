"""How the toolchain's and the fleet's progress are told."""

from __future__ import annotations

from infra.fleet.progress import FleetProgress
from rehearsal.toolchain.values import ToolProgress
from release.narrator import Step


def tool_step(progress: ToolProgress) -> Step:
    """The toolchain's progress; a notice stays on the screen."""
    return Step(
        done=progress.done,
        total=progress.total,
        text=progress.text,
        seconds_left=progress.seconds_left,
        stays=progress.notice,
    )


def fleet_step(operation: str, progress: FleetProgress) -> Step:
    """The fleet's progress in one operation."""
    return Step(
        done=progress.done,
        total=progress.total,
        text=f"{operation} {progress.text}",
        seconds_left=progress.seconds_left,
    )
