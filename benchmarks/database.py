"""How long the base database takes to stand at all its holders, and what it holds.

`python -m benchmarks.database [--rounds 3]`; some ten seconds. It needs PostgreSQL 15 of Debian.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from ipaddress import IPv4Network
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.plan.fleet import plan_fleet
from infra.plan.stateful import DatabasePlan
from processes.supervisor import Supervisor
from province.reader import read
from rehearsal.database.databases import Databases
from rehearsal.database.server import DEBIAN_FOLDER
from rehearsal.pki import Authority
from rehearsal.place import Place
from release.workspace import Workspace

NETWORK = IPv4Network("127.83.0.0/16")
START_SECONDS_GOAL = 20


def main() -> None:
    """Prints a line for each round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    workspace = Workspace.here()
    workspace.state.mkdir(parents=True, exist_ok=True)
    plans = {
        plan.site: plan.data.database
        for plan in plan_fleet(read(workspace.province_file), "rehearsal").sites
        if plan.data and plan.data.database
    }
    for _ in range(given.rounds):
        with TemporaryDirectory(dir=workspace.state) as folder:
            asyncio.run(_measure(Path(folder), plans))


async def _measure(folder: Path, plans: dict[str, DatabasePlan]) -> None:
    places = [
        Place(site=site, address=str(NETWORK[256 * number + 1]))
        for number, site in enumerate(plans, start=1)
    ]
    async with Supervisor(folder / "owner") as supervisor:
        authority = Authority.create(folder / "pki", "benchmark")
        programs = {"postgres": DEBIAN_FOLDER / "postgres"}
        databases = Databases(folder, supervisor, plans, places, authority, programs)
        anew = await _seconds_to_start(databases)
        await databases.stop()
        again = await _seconds_to_start(databases)
        await databases.stop()
    print(
        f"{len(plans)} servers: anew {anew:.1f} s, again {again:.1f} s (goal {START_SECONDS_GOAL})"
    )


async def _seconds_to_start(databases: Databases) -> float:
    began = time.monotonic()
    await databases.start()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
