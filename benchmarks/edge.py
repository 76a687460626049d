"""What a request and a connection cost at the edge and the platform, and how long seeding takes.

`python -m benchmarks.edge --nginx /usr/sbin/nginx [--connections 5000]`; some two
minutes. CPU is user and system time of all processes of each; memory is the sum of their
proportional set sizes. The mean weighs each journey as students ask by day.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from infra.plan.fleet import plan_fleet
from loadtests.courses import Hour
from loadtests.habits import HABITS, SEGMENTS_WATCHED_MAX
from processes.supervisor import Supervisor
from province.audience import Persona, account, password
from province.objectives import Journey
from province.province import Province
from province.reader import read
from rehearsal.edge.edge import Edge
from rehearsal.pki import Authority
from rehearsal.platform.platform import Platform
from rehearsal.platform.roster import people
from rehearsal.platform.seeding import seed

ROOT = Path(__file__).resolve().parent.parent
SECRET = b"benchmark".ljust(32)
NETWORK = IPv4Network("127.36.0.0/16")
SITE = "suzhou"
CLIENTS = 32
REQUESTS = 6400
CLIENT_MICROSECONDS = 150
"""What the load client costs a request over TLS (`./suyun load cost`)."""
SEEDED_USERS = (20_000, 200_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """What is measured: an edge and a platform, and who asks."""

    platform: Platform
    edge: Edge
    context: ssl.SSLContext

    @property
    def platform_processes(self) -> list[psutil.Process]:
        """The platform's processes."""
        return _listeners(self.platform.sockets)

    @property
    def edge_processes(self) -> list[psutil.Process]:
        """The workers of nginx."""
        mine = psutil.Process().children(recursive=True)
        return [one for one in mine if one.name() == "nginx"]

    async def connect(
        self, source: str = "127.36.200.1"
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A TLS connection to the site's edge."""
        hostname = next(name for name in self.edge.addresses if name.startswith(f"{SITE}."))
        address, port = self.edge.addresses[hostname]
        return await asyncio.open_connection(
            address, port, ssl=self.context, server_hostname=hostname, local_addr=(source, 0)
        )


def main() -> None:
    """Prints the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nginx", type=Path, required=True)
    parser.add_argument("--connections", type=int, default=5000)
    order = parser.parse_args()
    province = read(ROOT / "stacks" / "province.yaml")
    with TemporaryDirectory() as folder:
        _print_seeding(Path(folder), province)
        asyncio.run(_run(Path(folder), province, order.nginx, order.connections))


def _print_seeding(folder: Path, province: Province) -> None:
    for users in SEEDED_USERS:
        started = time.perf_counter()
        seed(folder / "seeded", people(province, users), ("main",), SECRET)
        print(f"seeding {users:,} accounts: {time.perf_counter() - started:.1f} s")


async def _run(folder: Path, province: Province, nginx: Path, connections: int) -> None:
    (folder / "accounts.key").write_bytes(SECRET)
    async with Supervisor(folder / "s") as supervisor:
        platform = Platform(folder / "p", supervisor, province, 20_000, folder / "accounts.key")
        await platform.start()
        authority = Authority.create(folder / "pki", "benchmark")
        edge = Edge(
            folder=folder / "e",
            supervisor=supervisor,
            nginx=nginx,
            authority=authority,
            gateways=tuple(site.gateway for site in plan_fleet(province, "rehearsal").sites),
            upstreams=platform.sockets,
            users=20_000,
            network=NETWORK,
        )
        await edge.start()
        context = ssl.create_default_context(cafile=str(authority.ca_file))
        bench = Bench(platform=platform, edge=edge, context=context)
        await _print_requests(bench)
        await _print_connections(bench, connections)
        await edge.stop()


async def _print_requests(bench: Bench) -> None:
    shares = _shares()
    mean_platform = mean_edge = 0.0
    for journey, request in _requests(await _token(bench)):
        platform, edge = await _microseconds(bench, request)
        mean_platform += platform * shares[journey]
        mean_edge += edge * shares[journey]
        print(f"{journey:11} platform {platform:4.0f} µs, nginx {edge:4.0f} µs of CPU a request")
    print(f"{'mean':11} platform {mean_platform:4.0f} µs, nginx {mean_edge:4.0f} µs")
    whole = mean_platform + mean_edge + CLIENT_MICROSECONDS
    print(
        f"with {CLIENT_MICROSECONDS} µs at the client, a core is full at {1e6 / whole:,.0f} "
        f"requests/s, and two at {2e6 / whole:,.0f}"
    )


def _shares() -> Mapping[Journey, float]:
    """Of each journey in the requests of students by day."""
    mix = HABITS[Hour.DAY][Persona.STUDENT].mix
    film = (1 + SEGMENTS_WATCHED_MAX) / 2
    weights = {j: weight * (film if j is Journey.VIDEO else 1) for j, weight in mix.items()}
    return {journey: weight / sum(weights.values()) for journey, weight in weights.items()}


async def _microseconds(bench: Bench, request: bytes) -> tuple[float, float]:
    """CPU of platform and nginx for one such request."""
    before = _cpu(bench.platform_processes), _cpu(bench.edge_processes)
    await asyncio.gather(*(_ask(bench, request, REQUESTS // CLIENTS) for _ in range(CLIENTS)))
    after = _cpu(bench.platform_processes), _cpu(bench.edge_processes)
    platform, edge = ((b - a) / REQUESTS * 1e6 for a, b in zip(before, after, strict=True))
    return platform, edge


async def _print_connections(bench: Bench, count: int) -> None:
    await asyncio.sleep(1)
    before = _memory_kib(bench.edge_processes)
    before_cpu = _cpu(bench.edge_processes)
    token = await _token(bench)
    request = _request("GET", "/catalogue?page=1", token)
    kept = []
    for number in range(count):
        reader, writer = await bench.connect(f"127.36.200.{number % 100 + 1}")
        await _exchange(reader, writer, request)
        kept.append(writer)
    after = _memory_kib(bench.edge_processes)
    cpu = (_cpu(bench.edge_processes) - before_cpu) / count * 1e6
    print(
        f"{count:,} idle TLS connections: {(after - before) / count:.1f} KiB each at nginx, "
        f"{cpu:.0f} µs of its CPU for handshake and first request"
    )
    for writer in kept:
        writer.transport.abort()


async def _token(bench: Bench) -> str:
    name = account(SITE, Persona.STUDENT, 0)
    login = json.dumps({"account": name, "password": password(SECRET, name)}).encode()
    reader, writer = await bench.connect()
    answer = await _exchange(reader, writer, _request("POST", "/login", "", login))
    writer.close()
    return str(json.loads(answer)["token"])


def _requests(token: str) -> Sequence[tuple[Journey, bytes]]:
    name = account(SITE, Persona.STUDENT, 0)
    login = json.dumps({"account": name, "password": password(SECRET, name)}).encode()
    hand_in = json.dumps({"course": 1, "text": "答案" * 100}).encode()
    return (
        (Journey.LOGIN, _request("POST", "/login", "", login)),
        (Journey.CATALOGUE, _request("GET", "/catalogue?page=3", token)),
        (Journey.RESOURCE, _request("GET", "/resources/7", token)),
        (Journey.COURSE, _request("GET", "/courses/7", token)),
        (Journey.VIDEO, _request("GET", "/videos/7/1", token)),
        (Journey.GRADEBOOK, _request("GET", "/gradebook", token)),
        (Journey.SUBMISSION, _request("POST", "/submissions", token, hand_in)),
    )


def _request(method: str, target: str, token: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {SITE}.suyun.example"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _ask(bench: Bench, request: bytes, times: int) -> None:
    reader, writer = await bench.connect()
    for _ in range(times):
        await _exchange(reader, writer, request)
    writer.close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> bytes:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if head.split(b" ", 2)[1] not in {b"200", b"201"}:
        raise RuntimeError(head.decode())
    length = head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0]
    return await reader.readexactly(int(length))


def _listeners(sockets: Sequence[Path]) -> list[psutil.Process]:
    names = {str(socket) for socket in sockets}
    mine = psutil.Process().children(recursive=True)
    return [one for one in mine if names & set(one.cmdline())]


def _cpu(processes: Sequence[psutil.Process]) -> float:
    return sum(sum(one.cpu_times()[:2]) for one in processes)


def _memory_kib(processes: Sequence[psutil.Process]) -> float:
    return sum(one.memory_full_info().pss for one in processes) / 1024


if __name__ == "__main__":
    main()
