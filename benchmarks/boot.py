"""How long the machine room takes to stand, what it holds, and what it costs when idle.

`python -m benchmarks.boot [--sites 14] [--idle-seconds 20]`; some two minutes. It uses the
toolchain's cache, and tools on PATH. Memory is the proportional set size of all programs; CPU
shares are of the whole machine. Beside the figures stands the goal of each, and how busy others
kept the machine meanwhile, without which the seconds mean little.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from evidence.records import BootRecord
from infra.plan.fleet import plan_fleet
from infra.plan.values import SitePlan
from processes.supervisor import Supervisor
from province.reader import read
from rehearsal.machine_room.commands import PROGRAMS
from rehearsal.machine_room.memory import pss_mib
from rehearsal.machine_room.room import MachineRoom
from rehearsal.machine_room.serve import ASSETS
from rehearsal.toolchain.pins import CRDS
from rehearsal.toolchain.toolchain import Toolchain
from release.workspace import Workspace

NETWORK = IPv4Network("127.33.0.0/16")
READY_SECONDS_GOAL = 60
MEMORY_GIB_GOAL = 8
IDLE_PERCENT_GOAL = 15
SETTLE_SECONDS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """CPU seconds spent so far: by the room's programs, and by everything on the machine."""

    room: float
    machine: float
    at: float

    @classmethod
    def now(cls, pids: Iterable[int]) -> Cost:
        """What has been spent until now."""
        times = psutil.cpu_times()
        busy = sum(times) - times.idle - times.iowait
        return cls(room=sum(map(_cpu_seconds, pids)), machine=busy, at=time.monotonic())

    def percent_since(self, earlier: Cost) -> tuple[float, float]:
        """Shares of the machine since then: the room's, and everybody else's."""
        capacity = (self.at - earlier.at) * (os.cpu_count() or 1) / 100
        room = self.room - earlier.room
        return room / capacity, (self.machine - earlier.machine - room) / capacity


def main() -> None:
    """Prints one line for each site as it gets ready, then the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=14)
    parser.add_argument("--idle-seconds", type=float, default=20)
    given = parser.parse_args()
    workspace = Workspace.here()
    plans = plan_fleet(read(workspace.province_file), "rehearsal").sites[: given.sites]
    with TemporaryDirectory(dir=_scratch(workspace.state)) as folder:
        asyncio.run(_measure(Path(folder), workspace.cache, plans, given.idle_seconds))


def _scratch(state: Path) -> Path:
    """On the disk that a real room uses, for in many places the temporary folder is memory."""
    state.mkdir(parents=True, exist_ok=True)
    return state


async def _measure(
    folder: Path, cache: Path, plans: Sequence[SitePlan], idle_seconds: float
) -> None:
    async with Supervisor(folder) as supervisor:
        room = await _room(folder, cache, supervisor)
        before = Cost.now(())
        await room.boot(plans, lambda record: _tell(record, before.at))
        ready = Cost.now(room.pids())
        _tell_boot(ready, before, len(plans))
        await asyncio.sleep(SETTLE_SECONDS)
        begin = Cost.now(room.pids())
        await asyncio.sleep(idle_seconds)
        idle, others = Cost.now(room.pids()).percent_since(begin)
        gib = pss_mib(room.pids()) / 1024
        print(f"memory  {gib:6.2f} GiB   ({gib / MEMORY_GIB_GOAL:.2f} of the goal)")
        print(f"idle    {idle:6.1f} %     ({idle / IDLE_PERCENT_GOAL:.2f} of the goal, ", end="")
        print(f"others used {others:.0f} % of the machine)")
        stopping = time.monotonic()
        await room.stop()
        print(f"stop    {time.monotonic() - stopping:6.1f} s")


async def _room(folder: Path, cache: Path, supervisor: Supervisor) -> MachineRoom:
    toolchain = Toolchain(cache, supervisor)
    binaries = await toolchain.ensure(PROGRAMS, lambda _: None)
    assets = await toolchain.assets(ASSETS)
    return MachineRoom(
        folder / "room",
        supervisor,
        {name: binary.path for name, binary in binaries.items()},
        stages=assets["kwok-stages"],
        crds=tuple(assets[name] for name in CRDS),
        network=NETWORK,
    )


def _tell(record: BootRecord, began: float) -> None:
    print(
        f"{record.site:12} ready after {time.monotonic() - began:5.1f} s, "
        f"booted in {record.ready_seconds:5.1f} s, {record.nodes_ready} nodes, "
        f"{record.memory_mib:.0f} MiB",
        flush=True,
    )


def _tell_boot(ready: Cost, before: Cost, sites: int) -> None:
    seconds = ready.at - before.at
    _, others = ready.percent_since(before)
    print(f"ready   {seconds:6.1f} s     ({seconds / READY_SECONDS_GOAL:.2f} of the goal, ", end="")
    print(f"{ready.room / sites:.1f} CPU s a site, others used {others:.0f} % of the machine)")


def _cpu_seconds(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0
    return times.user + times.system


if __name__ == "__main__":
    main()
