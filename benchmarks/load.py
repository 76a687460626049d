"""What a dense user costs beside Locust's FastHttpUser: memory a user, CPU a request.

`python -m benchmarks.load [USERS]` starts nginx (Debian) and one Locust process with USERS users
(4,000), each asking every 4 s on average, and prints figures, plain and over TLS. The process is
measured, not the server. FastHttpUser is helped by one shared TLS context; as it comes, and beside
others, `python -m benchmarks.peers` measures it. The dense user alone: `./suyun load cost`.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from loadtests.cost import CostOrder, measure
from processes.supervisor import Supervisor
from rehearsal.edge.fixed import FixedServer

ADDRESS, SOURCE = "127.37.9.1", "127.37.9.9"
MODULES = {"dense": "loadtests.cost_process", "fasthttp": "benchmarks.load_process"}
PACING_SECONDS = 4.0


async def main(users: int) -> None:
    """Starts the server, measures each kind of user, prints a table."""
    with tempfile.TemporaryDirectory() as name:
        async with Supervisor(Path(name)) as supervisor:
            nginx = Path(shutil.which("nginx") or "/usr/sbin/nginx")
            server = FixedServer(
                supervisor.owner / "server", supervisor, nginx, address=ADDRESS, users=users
            )
            await server.start()
            print(f"{users:,} users in one process, a request every {PACING_SECONDS:.0f} s")
            print(f"{'':24}{'KiB a user':>12}{'µs a request':>14}{'ms a user at start':>20}")
            for kind, module in MODULES.items():
                for tls in (False, True):
                    cost = await measure(_order(server, users, tls=tls), supervisor, module)
                    print(
                        f"{kind + (' TLS' if tls else ' plain'):24}{cost.user_kib:12.1f}"
                        f"{cost.request_us:14.0f}{cost.start_ms:20.2f}   "
                        f"({cost.requests:,} requests)"
                    )


def _order(server: FixedServer, users: int, *, tls: bool) -> CostOrder:
    return CostOrder(
        url=server.url(tls=tls),
        ca_file=server.ca_file if tls else None,
        source=SOURCE,
        users=users,
        ramp_seconds=8,
        hold_seconds=20,
        pacing_seconds=PACING_SECONDS,
        seed=1,
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000))
