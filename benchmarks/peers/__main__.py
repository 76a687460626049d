"""What load tools cost on the same work: CPU a request, memory a user, the error of their p99.

`python -m benchmarks.peers [--only dense,wrk] [--scheme tls] [--rows FILE]` starts the edge and the
reference platform, and runs each peer for some 52 s with 1,000 users that log in once and then read
two pages in turn, with 4 s between (2 to 6). `--rows` keeps what was measured in a file and prints
all that it holds, so that a comparison can be made in parts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.peers.measuring import Laboratory
from benchmarks.peers.site import Scene
from benchmarks.peers.tools import PEERS, UNAVAILABLE, Peer
from benchmarks.peers.values import Row
from loadtests.cost import host
from processes.supervisor import Supervisor
from province.reader import read

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Measures, then prints a table and JSON."""
    names = [peer.name for peer in PEERS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--only", default=",".join(names), help=f"of {','.join(names)}")
    parser.add_argument("--scheme", choices=("plain", "tls", "both"), default="both")
    parser.add_argument("--rows", type=Path, help="a file of rows, to be added to")
    parser.add_argument("--nginx", default=shutil.which("nginx") or "/usr/sbin/nginx")
    order = parser.parse_args()
    wanted = set(order.only.split(","))
    if wanted - set(names):
        parser.error(f"unknown: {', '.join(sorted(wanted - set(names)))}")
    schemes = {"plain": (False,), "tls": (True,), "both": (False, True)}[order.scheme]
    rows = asyncio.run(
        _measured(
            [peer for peer in PEERS if peer.name in wanted], schemes, order.users, order.nginx
        )
    )
    _print(_kept(order.rows, rows))


async def _measured(
    peers: Sequence[Peer], schemes: Sequence[bool], users: int, nginx: str
) -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with Supervisor(folder / "s") as supervisor:
            province = read(ROOT / "stacks" / "province.yaml")
            scene = Scene(folder, supervisor, Path(nginx), province, users)
            await scene.start()
            laboratory = Laboratory(scene, supervisor, folder / "runs")
            for peer in peers:
                if not peer.is_here:
                    print(f"{peer.name} is not installed: {peer.install}")
                    continue
                rows += [await laboratory.measure(peer, users, tls=tls) for tls in schemes]
    return rows


def _kept(file: Path | None, rows: list[Row]) -> list[Row]:
    if file is None:
        return rows
    with file.open("a", encoding="utf-8") as kept:
        kept.writelines(row.model_dump_json() + "\n" for row in rows)
    return [Row.model_validate_json(line) for line in file.read_text("utf-8").splitlines()]


def _print(rows: list[Row]) -> None:
    columns = ("peer", "", "requests/s", "µs a request", "KiB a user", "base MiB")
    columns += ("own p99 ms", "the edge's", "error")
    print("|" + "|".join(columns) + "|")
    print("|" + "---|" * len(columns))
    for row in rows:
        own = "tells none" if row.p99_ms_own is None else f"{row.p99_ms_own:.1f}"
        error = "" if row.p99_ms_own is None else f"{row.p99_ms_own - row.p99_ms_edge:+.1f}"
        print(
            f"| {row.peer} | {'TLS' if row.tls else 'plain'} | {row.requests_per_second:.0f} "
            f"| {row.request_us:.0f} | {row.user_kib:.1f} | {row.base_mib:.0f} "
            f"| {own} | {row.p99_ms_edge:.0f} | {error} |"
        )
    for name, reason in UNAVAILABLE.items():
        print(f"\n{name}: {reason}")
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": host().model_dump(),
        "rows": [row.model_dump() for row in rows],
    }
    print(json.dumps(document, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
