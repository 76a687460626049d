"""How long the fleet takes to come up, to be looked at again, and to go.

`python -m benchmarks.deploy [--sites 14] [--parallel 2] [--no-pack]`; some five minutes for all
sites on two cores. It uses the toolchain's cache, and tools on PATH. Beside the seconds stand the
goal, the processor seconds that Pulumi (workers, engines, plugins) took, and how busy others and
the control planes kept the machine meanwhile, without which the seconds mean little.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import time
from collections.abc import Sequence
from ipaddress import IPv4Network
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from infra.fleet.engine import FleetEngine, Operation, SiteTarget, StackOutcome
from infra.plan.fleet import plan_fleet
from infra.plan.values import SitePlan
from processes.supervisor import Supervisor
from province.reader import read
from rehearsal.machine_room.commands import PROGRAMS
from rehearsal.machine_room.room import MachineRoom
from rehearsal.machine_room.serve import ASSETS
from rehearsal.toolchain.pins import CRDS
from rehearsal.toolchain.toolchain import Toolchain
from release.workspace import Workspace

NETWORK = IPv4Network("127.34.0.0/16")
PULUMI = ("pulumi", "pulumi-resource-kubernetes")
GOAL_SECONDS: dict[Operation, float] = {
    "preview": 60,
    "up": 180,
    "second-preview": 60,
    "drift": 90,
    "destroy": 120,
}


def main() -> None:
    """Prints a line for each operation on the whole fleet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=14)
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--no-pack", action="store_true")
    given = parser.parse_args()
    workspace = Workspace.here()
    plans = plan_fleet(read(workspace.province_file), "rehearsal").sites[: given.sites]
    workspace.state.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=workspace.state) as folder:
        asyncio.run(_measure(Path(folder), workspace, plans, given))


async def _measure(
    folder: Path, workspace: Workspace, plans: Sequence[SitePlan], given: argparse.Namespace
) -> None:
    async with Supervisor(folder) as supervisor:
        toolchain = Toolchain(workspace.cache, supervisor)
        found = await toolchain.ensure((*PROGRAMS, *PULUMI), lambda _: None)
        tools = {name: binary.path for name, binary in found.items()}
        assets = await toolchain.assets(ASSETS)
        room = MachineRoom(
            folder / "room",
            supervisor,
            tools,
            stages=assets["kwok-stages"],
            crds=tuple(assets[name] for name in CRDS),
            network=NETWORK,
        )
        standing = await room.boot(plans, lambda _: None)
        engine = FleetEngine(
            state=folder,
            supervisor=supervisor,
            binaries=tools,
            policy_pack=None if given.no_pack else workspace.policy_pack,
            province_file=workspace.province_file,
            parallel=given.parallel,
        )
        targets = [
            SiteTarget(plan=plan, kubeconfig=site.kubeconfig)
            for plan, site in zip(plans, standing, strict=True)
        ]
        for operation in GOAL_SECONDS:
            await _operate(engine, operation, targets)


async def _operate(
    engine: FleetEngine, operation: Operation, targets: Sequence[SiteTarget]
) -> None:
    began, own, busy = time.monotonic(), _own_seconds(), _busy_seconds()
    outcomes = await engine.operate(operation, targets, lambda _: None)
    seconds, own, busy = time.monotonic() - began, _own_seconds() - own, _busy_seconds() - busy
    capacity = seconds * (os.cpu_count() or 1)
    goal = GOAL_SECONDS[operation] * len(targets) / 14
    print(
        f"{operation:15} {seconds:6.1f} s ({seconds / goal:.2f} of the goal) · "
        f"{_changed(outcomes)} · Pulumi {own:.0f} CPU s, "
        f"others {(busy - own) / capacity:.0%} of the machine",
        flush=True,
    )
    for outcome in outcomes:
        if outcome.record.error:
            print(f"    {outcome.record.site}: {outcome.record.error}")


def _changed(outcomes: Sequence[StackOutcome]) -> str:
    resources = sum(outcome.record.resources for outcome in outcomes)
    return f"{resources:,} resources, {sum(o.record.changes for o in outcomes):,} changes"


def _own_seconds() -> float:
    """Processor seconds of the workers that have ended, and of all that they had waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return sum(times) - times.idle - times.iowait


if __name__ == "__main__":
    main()
