"""How long the base database takes to stand at all its holders, and to go on without its primary.

`python -m benchmarks.database [--users 20000] [--rounds 3]`; some ten seconds a round. It uses the
toolchain's PostgreSQL. Each round starts anew, fills in people, starts again from what lies on
disk, loses the primary by SIGKILL, promotes another site, and brings the first back.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable
from ipaddress import IPv4Network
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.plan.fleet import plan_fleet
from processes.supervisor import Supervisor
from province.province import Province
from province.reader import read
from rehearsal.database.databases import Databases
from rehearsal.database.people import fill
from rehearsal.pki import Authority
from rehearsal.place import Place
from rehearsal.toolchain.toolchain import Toolchain
from release.workspace import Workspace

NETWORK = IPv4Network("127.83.0.0/16")
START_SECONDS_GOAL = 20
FAILOVER_SECONDS_GOAL = 30
SECRET = b"benchmark"


def main() -> None:
    """Prints a line for each round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    workspace = Workspace.here()
    workspace.state.mkdir(parents=True, exist_ok=True)
    province = read(workspace.province_file)
    for _ in range(given.rounds):
        with TemporaryDirectory(dir=workspace.state) as folder:
            asyncio.run(_measure(Path(folder), workspace.cache, province, given.users))


async def _measure(folder: Path, cache: Path, province: Province, users: int) -> None:
    async with Supervisor(folder / "owner") as supervisor:
        tools = await Toolchain(cache, supervisor).ensure(["postgres"], lambda _: None)
        programs = {name: tool.path for name, tool in tools.items()}
        databases = _databases(folder, supervisor, province, programs)
        anew = await _seconds(databases.start())
        filled = await _seconds(fill(databases.access(databases.primary), province, users, SECRET))
        await databases.stop()
        again = await _seconds(databases.start())
        lost, *others = (databases.primary, *_others(databases))
        await databases.kill(lost)
        failover = await _seconds(databases.promote(others[0]))
        back = await _seconds(databases.rejoin(lost))
        await databases.stop()
    print(
        f"{len(databases.sites)} servers: anew {anew:.1f} s, again {again:.1f} s (goal "
        f"{START_SECONDS_GOAL}); {users:,} people filled in {filled:.1f} s; failover "
        f"{failover:.1f} s (goal {FAILOVER_SECONDS_GOAL}), the first back in {back:.1f} s"
    )


def _databases(
    folder: Path, supervisor: Supervisor, province: Province, programs: dict[str, Path]
) -> Databases:
    plans = {
        plan.site: plan.data.database
        for plan in plan_fleet(province, "rehearsal").sites
        if plan.data and plan.data.database
    }
    places = [
        Place(site=site, address=str(NETWORK[256 * number + 1]))
        for number, site in enumerate(plans, start=1)
    ]
    authority = Authority.create(folder / "pki", "benchmark")
    return Databases(folder / "database", supervisor, plans, places, authority, programs)


def _others(databases: Databases) -> list[str]:
    return [site for site in databases.sites if site != databases.primary]


async def _seconds(work: Awaitable[object]) -> float:
    began = time.monotonic()
    await work
    return time.monotonic() - began


if __name__ == "__main__":
    main()
