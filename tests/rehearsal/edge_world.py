"""A small edge on addresses of its own: two sites, real nginx, the reference platform."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from infra.plan.values import GatewayPlan, RoutePlan
from processes.supervisor import Supervisor
from rehearsal.edge.edge import Edge
from rehearsal.pki import Authority
from rehearsal.platform.platform import Platform
from tests import worlds

NETWORK = IPv4Network("127.36.0.0/16")
SOURCES = IPv4Network("127.36.200.0/24")
SECRET = b"s" * 32
PORT_IPV6 = 21_036
_PATHS = (
    *("login", "catalogue", "resources", "courses", "videos"),
    *("submissions", "gradebook", "management"),
)


def gateway(site: str, **changes: object) -> GatewayPlan:
    values: dict[str, object] = {
        "name": "edge",
        "namespace": "edge",
        "hostname": f"{site}.suyun.example",
        "addresses": ("10.94.0.20", "fd00::20"),
        "port": 443,
        "tls_secret": "edge-tls",
        "replicas": 2,
        "idle_seconds": 300,
        "connections_max": 10_000,
        "body_mib_max": 1,
        "routes": tuple(
            RoutePlan(
                name=path, path_prefixes=(f"/{path}",), namespace="city", service=path, port=8080
            )
            for path in _PATHS
        ),
    }
    return GatewayPlan(**{**values, **changes})  # type: ignore[arg-type]  # fields by name


@dataclass(frozen=True)
class EdgeWorld:
    folder: Path
    supervisor: Supervisor
    authority: Authority
    platform: Platform
    edge: Edge

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority.ca_file))


def nginx() -> Path:
    found = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        pytest.skip("nginx is not installed (Debian: apt-get install nginx-light)")
    return Path(found)


def new_edge(
    folder: Path,
    supervisor: Supervisor,
    upstreams: tuple[Path, ...],
    gateways: tuple[GatewayPlan, ...] = (),
    users: int = 100,
    binary: Path | None = None,
) -> Edge:
    return Edge(
        folder=folder / "e",
        supervisor=supervisor,
        nginx=binary or nginx(),
        authority=Authority.create(folder / "pki", "test"),
        gateways=gateways or (gateway("main"), gateway("suzhou")),
        upstreams=upstreams,
        users=users,
        network=NETWORK,
        port_ipv6=PORT_IPV6,
    )


@asynccontextmanager
async def edge_world(users: int = 100) -> AsyncIterator[EdgeWorld]:
    nginx()
    with TemporaryDirectory() as short:  # pytest's own folders are too deep for Unix sockets
        folder = Path(short)
        (folder / "accounts.key").write_bytes(SECRET)
        async with Supervisor(folder / "s") as supervisor:
            platform = Platform(
                folder / "p", supervisor, worlds.small(), 100, folder / "accounts.key"
            )
            await platform.start()
            edge = new_edge(folder, supervisor, platform.sockets, users=users)
            await edge.start()
            yield EdgeWorld(folder, supervisor, edge._authority, platform, edge)
            await edge.stop()


@dataclass
class Client:
    """One kept-alive connection from one source address."""

    world: EdgeWorld
    host: str = "suzhou.suyun.example"
    source: str = "127.36.200.1"
    ipv6: bool = False
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def connect(self) -> None:
        edge = self.world.edge
        address, port = (edge.addresses_ipv6 if self.ipv6 else edge.addresses)[self.host]
        self.reader, self.writer = await asyncio.open_connection(
            address,
            port,
            ssl=self.world.context(),
            server_hostname=self.host,
            local_addr=None if self.ipv6 else (self.source, 0),
        )

    async def ask(
        self, target: str, *, token: str = "", send: bytes | None = None, host: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        if self.writer is None:
            await self.connect()
        await self.begin(target, token=token, send=send, host=host)
        return await self.answer()

    async def begin(
        self, target: str, *, token: str = "", send: bytes | None = None, host: str = ""
    ) -> None:
        assert self.writer is not None
        lines = [f"{'GET' if send is None else 'POST'} {target} HTTP/1.1"]
        lines += [f"Host: {host or self.host}"]
        lines += [f"Authorization: Bearer {token}"] if token else []
        lines += [f"Content-Length: {len(send)}"] if send is not None else []
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + (send or b""))
        await self.writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        assert self.reader is not None
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in pairs}
        body = await self.reader.readexactly(int(headers["content-length"]))
        return int(head[0].split()[1]), headers, body

    async def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await self.writer.wait_closed()

    def abort(self) -> None:
        assert self.writer is not None
        self.writer.transport.abort()
