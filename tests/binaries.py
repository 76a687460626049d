"""Where live tests find the toolchain's binaries: `SUYUN_TEST_BIN`, else the toolchain's cache."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from processes.supervisor import Supervisor
from rehearsal.toolchain.toolchain import Toolchain
from release.workspace import Workspace


def require(*names: str) -> Mapping[str, Path]:
    """Those binaries; the test is skipped when one is nowhere, for a test builds nothing."""
    folder = os.environ.get("SUYUN_TEST_BIN")
    found = {name: Path(folder) / name for name in names} if folder else asyncio.run(_kept())
    missing = [name for name in names if not found.get(name, Path()).is_file()]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: ./suyun tools --build, or set SUYUN_TEST_BIN")
    return {name: found[name] for name in names}


async def _kept() -> dict[str, Path]:
    with TemporaryDirectory() as folder:
        async with Supervisor(Path(folder)) as supervisor:
            tools = await Toolchain(Workspace.here().cache, supervisor).survey()
    return {tool.name: tool.path for tool in tools if tool.path is not None}
