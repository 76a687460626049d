"""How long the object stores take to stand at three sites, to copy, and to come back.

`python -m benchmarks.objects [--rounds 1] [--bursts 6]`; about a minute a round. It uses the
machine's Ceph. Each round starts anew, writes bursts at every master and waits until the copies
have them, and kills a site and boots it again.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable
from ipaddress import IPv4Network
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.plan.object_store import plan_object_store
from processes.supervisor import Supervisor
from province.province import Province
from province.reader import read
from rehearsal.objects.access import ObjectAccess
from rehearsal.objects.client import s3
from rehearsal.objects.programs import NEEDED
from rehearsal.objects.stores import ObjectStores
from rehearsal.pki import Authority
from rehearsal.place import Place
from rehearsal.toolchain.toolchain import Toolchain
from release.workspace import Workspace

NETWORK = IPv4Network("127.81.0.0/16")
START_SECONDS_GOAL = 60
BURST = 50
OBJECT_BYTES = 65_536
CATCH_UP_SECONDS_MAX = 60


def main() -> None:
    """Prints a line for each round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--bursts", type=int, default=6)
    given = parser.parse_args()
    workspace = Workspace.here()
    province = read(workspace.province_file)
    for _ in range(given.rounds):
        asyncio.run(_round(workspace, province, given.bursts))


async def _round(workspace: Workspace, province: Province, bursts: int) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with Supervisor(folder / "owner") as supervisor:
            stores = await _stores(folder, supervisor, workspace, province)
            try:
                seconds = await _timed(stores.start())
                print(f"start {seconds:.1f} s of {START_SECONDS_GOAL}", flush=True)
                await _copies(stores, bursts)
                site = stores.zones[-1].site
                await stores.kill(site)
                print(f"boot {site} {await _timed(stores.boot(site)):.1f} s", flush=True)
                await _copies(stores, 1)
            finally:
                await stores.stop()


async def _stores(
    folder: Path, supervisor: Supervisor, workspace: Workspace, province: Province
) -> ObjectStores:
    tools = await Toolchain(workspace.cache, supervisor).ensure(NEEDED, lambda _: None)
    sites = [province.main.id]
    for _ in range(2):
        sites.append(province.site(sites[-1]).backup_partner)
    return ObjectStores(
        folder / "stores",
        supervisor,
        plan_object_store(province),
        [Place(site=site, address=str(NETWORK[256 * i + 1])) for i, site in enumerate(sites, 1)],
        Authority.create(folder / "pki", "benchmark"),
        {name: tool.path for name, tool in tools.items()},
        buckets={f"burst-{site}": site for site in sites},
    )


async def _copies(stores: ObjectStores, bursts: int) -> None:
    """Bursts at every master; for each copy, how long after its end it had the whole of it."""
    for _ in range(bursts):
        for group, master in stores.masters.items():
            await asyncio.to_thread(_write, stores.access(master), f"burst-{group}")
        found = {
            zone.name: await stores.caught_up(zone.name, CATCH_UP_SECONDS_MAX)
            for zone in stores.zones
            if zone.name not in stores.masters.values()
        }
        print({name: round(seconds, 2) for name, seconds in found.items()}, flush=True)


def _write(access: ObjectAccess, bucket: str) -> None:
    client = s3(access)
    for number in range(BURST):
        client.put_object(Bucket=bucket, Key=f"{time.time_ns()}-{number}", Body=b"x" * OBJECT_BYTES)


async def _timed(work: Awaitable[object]) -> float:
    began = time.monotonic()
    await work
    return time.monotonic() - began


if __name__ == "__main__":
    main()
