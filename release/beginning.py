"""How a run begins: an empty state folder, and a run folder that says what the run is."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
from pathlib import Path

import psutil

from evidence.records import RunRecord
from evidence.run import RunFolder
from processes.supervisor import Command, Supervisor
from release.crowd import Crowd
from release.workspace import Workspace

_KEPT = ("sessions", "owner.lock")


def empty(supervisor: Supervisor) -> None:
    """Removes what an earlier run left in the state folder: it is cattle, the evidence is not."""
    for child in supervisor.owner.iterdir():
        if child.name in _KEPT:
            continue
        if child.is_dir():
            shutil.rmtree(child)
        else:
            child.unlink()


async def begin(
    workspace: Workspace,
    supervisor: Supervisor,
    province_file: Path,
    crowd: Crowd | None,
    *,
    scope: str,
) -> RunFolder:
    """A new run folder with its first record and a copy of the province that it is about.

    A drill has no crowd of its own.
    """
    started = time.time()
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(started))
    run = RunFolder.create(workspace.runs, f"{stamp}-{secrets.token_hex(2)}")
    province = province_file.read_bytes()
    run.store_input("province.yaml", province)
    run.append(
        RunRecord(
            run=run.id,
            scope=scope,
            started_at=started,
            commit=await _commit(workspace, supervisor),
            province_sha256=hashlib.sha256(province).hexdigest(),
            cpus=os.cpu_count() or 1,
            memory_gib=psutil.virtual_memory().total / 2**30,
            users_asked=crowd.users if crowd else 0,
            seed=crowd.seed if crowd else 0,
        )
    )
    return run


async def _commit(workspace: Workspace, supervisor: Supervisor) -> str:
    """The commit that the code is at, with `-dirty` where it was changed; `unknown` outside git."""
    if shutil.which("git") is None:
        return "unknown"
    lines: list[str] = []
    command = Command(
        name="git describe",
        argv=("git", "describe", "--always", "--dirty", "--abbrev=12"),
        log=supervisor.owner / "logs" / "git.log",
        cwd=workspace.root,
    )
    code = await supervisor.run(command, lines.append)
    return lines[0] if code == 0 and lines else "unknown"
