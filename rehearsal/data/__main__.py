"""`python -m rehearsal.data STATE CACHE PROVINCE LINKS NETWORK USERS`: keeps a data world.

LINKS is `links` or `no-links`. Started by `daemon.start_detached`; ended by SIGTERM. Exit status 1
after a failure.
"""

from __future__ import annotations

import asyncio
import sys
from ipaddress import IPv4Network
from pathlib import Path

from processes.supervisor import OwnerBusyError
from province.reader import read
from rehearsal.data.serve import ServeOrder, serve


def main() -> int:
    """Serves until told to end."""
    state, cache, province_file, links, loopback, users = sys.argv[1:]
    order = ServeOrder(
        state=Path(state),
        cache=Path(cache),
        province=read(Path(province_file)),
        has_links=links == "links",
        loopback=IPv4Network(loopback),
        users=int(users),
    )
    try:
        asyncio.run(serve(order))
    except OwnerBusyError as error:
        sys.stderr.write(f"{error.cause}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
