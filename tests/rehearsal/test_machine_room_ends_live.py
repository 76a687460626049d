from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from evidence.records import BootRecord
from processes.errors import OwnerBusyError
from processes.leftovers import leftovers
from processes.ports import require_free
from processes.supervisor import ProcessError, Supervisor
from rehearsal.machine_room import daemon
from rehearsal.machine_room.commands import PROGRAMS
from rehearsal.machine_room.layout import PORTS
from rehearsal.machine_room.status import RoomStatus, room_folder, status_file
from release.workspace import Workspace
from tests import binaries, worlds
from tests.processes.conftest import until
from tests.rehearsal.room_world import OTHER_NETWORK, assets, plans, room

pytestmark = [pytest.mark.live, pytest.mark.slow]

LISTENERS = [(f"127.33.{129 + i}.1", port) for i in range(3) for port in PORTS]


@pytest.fixture
def tools() -> Mapping[str, Path]:
    require_free(LISTENERS)
    return binaries.require(*PROGRAMS)


def boot(folder: Path, tools: Mapping[str, Path], seconds: float = 240) -> list[BootRecord]:
    """Boots two sites and ends them; whatever becomes of it, nothing may be left."""
    records: list[BootRecord] = []
    found = assets()

    async def scene() -> None:
        async with Supervisor(folder / "owner") as supervisor:
            made = room(folder, supervisor, tools, OTHER_NETWORK, found)
            try:
                await asyncio.wait_for(made.boot(plans(2), records.append), seconds)
            finally:
                assert not made.pids() or records
                await made.stop()

    try:
        asyncio.run(scene())
    finally:
        assert leftovers(folder / "owner") == ()
        require_free(LISTENERS)
    return records


def test_crashing_scheduler_is_named_and_nothing_is_left(
    tools: Mapping[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(ProcessError) as failed:
        boot(tmp_path, {**tools, "kube-scheduler": Path("/bin/false")})
    assert "kube-scheduler ended (1)" in failed.value.cause
    assert failed.value.cause.startswith(("main: ", "suzhou: "))


def test_api_server_that_cannot_start_tells_its_log(
    tools: Mapping[str, Path], tmp_path: Path
) -> None:
    broken = tmp_path / "kube-apiserver"
    broken.write_text(f"#!/bin/sh\nexec {tools['kube-apiserver']} --no-such-flag\n")
    broken.chmod(0o755)
    with pytest.raises(ProcessError, match="kube-apiserver ended") as failed:
        boot(tmp_path, {**tools, "kube-apiserver": broken})
    assert "unknown flag: --no-such-flag" in failed.value.cause


def test_cancelled_boot_leaves_nothing(tools: Mapping[str, Path], tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        boot(tmp_path, tools, seconds=1.5)


def test_held_port_is_told_and_nothing_starts(tools: Mapping[str, Path], tmp_path: Path) -> None:
    with (
        socket.create_server(("127.33.130.1", 10257)),
        pytest.raises(ProcessError, match=f"10257 is in use by process {os.getpid()}"),
    ):
        _boot_only(tmp_path, tools)


def _boot_only(folder: Path, tools: Mapping[str, Path]) -> None:
    async def scene() -> None:
        async with Supervisor(folder / "owner") as supervisor:
            made = room(folder, supervisor, tools, OTHER_NETWORK, found)
            await made.boot(plans(2), lambda _: None)

    found = assets()
    asyncio.run(scene())


@pytest.fixture
def state(tools: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder whose room finds the tests' tools on PATH; ended with the test."""
    folder = next(iter(tools.values())).parent
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return tmp_path / "state"


def start(state: Path) -> RoomStatus:
    province = worlds.write(worlds.small(), state.parent / "province.yaml")
    daemon.start_detached(state, province, Workspace.here().cache, network=OTHER_NETWORK)
    found = daemon.status(state)
    assert found is not None
    return found


def test_room_outlives_its_starter_and_is_ended_from_elsewhere(state: Path) -> None:
    told: list[tuple[int, int]] = []
    try:
        booting = start(state)
        again = start(state)
        assert again.pid == booting.pid
        ready = asyncio.run(daemon.wait_ready(state, lambda *seen: told.append(seen)))
        assert ready == daemon.status(state)
        assert set(ready.sites) == {"main"}  # the branches are made by Cluster API objects
        assert ready.room_for == ("main", "suzhou", "xuzhou")
        assert told[-1] == (1, 3)
        assert all(file.stat().st_mode & 0o777 == 0o600 for file in ready.sites.values())
        with pytest.raises(OwnerBusyError):
            asyncio.run(_own(room_folder(state)))
        code = "import sys; from pathlib import Path; from rehearsal.machine_room import daemon;"
        code += "print(daemon.stop(Path(sys.argv[1])))"
        stopped = subprocess.run(
            [sys.executable, "-c", code, str(state)], capture_output=True, text=True, check=True
        )
        assert stopped.stdout == "True\n"
    finally:
        daemon.stop(state)
    _assert_nothing_left(state)


async def _own(folder: Path) -> None:
    async with Supervisor(folder):
        raise AssertionError("two owners of one folder")


def test_killed_room_leaves_nothing(state: Path) -> None:
    try:
        booting = start(state)
        until(lambda: bool(leftovers(room_folder(state))[1:]), 60)
        os.kill(booting.pid, signal.SIGKILL)
        until(lambda: daemon.status(state) is None)
        with pytest.raises(ProcessError, match="process ended"):
            asyncio.run(daemon.wait_ready(state, lambda *_: None))
        until(lambda: leftovers(room_folder(state)) == (), 30)
    finally:
        daemon.stop(state)
    _assert_nothing_left(state)


def test_room_that_cannot_boot_tells_why(state: Path) -> None:
    try:
        with socket.create_server(("127.33.129.1", 6443)):
            start(state)
            with pytest.raises(ProcessError, match=r"127\.33\.129\.1:6443 is in use"):
                asyncio.run(daemon.wait_ready(state, lambda *_: None))
        until(lambda: daemon.status(state) is None)
    finally:
        daemon.stop(state)
    _assert_nothing_left(state)


def _assert_nothing_left(state: Path) -> None:
    assert daemon.status(state) is None
    assert status_file(state).read() is None
    assert leftovers(room_folder(state)) == ()
    assert not (room_folder(state) / "sites").exists()
    require_free(LISTENERS)
