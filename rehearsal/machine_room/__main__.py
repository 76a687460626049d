"""`python -m rehearsal.machine_room STATE CACHE PROVINCE ENVIRONMENT NETWORK`: keeps a room.

Started by `daemon.start_detached`; ended by SIGTERM. Exit status 1 after a failure.
"""

from __future__ import annotations

import asyncio
import sys
from ipaddress import IPv4Network
from pathlib import Path

from infra.plan.fleet import plan_fleet
from processes.supervisor import OwnerBusyError
from province.reader import read
from rehearsal.machine_room.serve import ServeOrder, serve


def main() -> int:
    """Serves until told to end."""
    state, cache, province_file, environment, network = sys.argv[1:]
    order = ServeOrder(
        state=Path(state),
        cache=Path(cache),
        plans=plan_fleet(read(Path(province_file)), environment).sites,
        network=IPv4Network(network),
    )
    try:
        asyncio.run(serve(order))
    except OwnerBusyError as error:
        sys.stderr.write(f"{error.cause}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
