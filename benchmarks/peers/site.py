"""The edge and the reference platform that all peers ask, and what the edge's log says of them."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import ssl
import urllib.request
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from infra.plan.fleet import plan_fleet
from processes.files import write_private
from processes.supervisor import Supervisor
from province.audience import Persona, account, crowds, password
from province.province import Province
from rehearsal.edge.edge import Edge
from rehearsal.edge.log import Line, Tally, parse
from rehearsal.pki import Authority
from rehearsal.platform.platform import Platform

NETWORK = IPv4Network("127.43.0.0/16")
SITE = "suzhou"
_READ = frozenset({"catalogue", "course"})
_HTTP_OK = 200


class PlainEdge(Edge):
    """The same nginx without TLS, for the comparison alone: no plan has such an edge."""

    def _write_configuration(self) -> None:
        super()._write_configuration()
        file = self._folder / "nginx.conf"
        plain = re.sub(r"(?m)^(\s*listen \S+) ssl", r"\1", file.read_text("utf-8"))
        file.write_text(plain, "utf-8")


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What the edge saw of a tool: requests between two times, and the p99 of all its reads."""

    requests: int
    p99_ms: float
    refused: int


class Scene:
    """One platform, and a fresh edge for each run, so that its log is of that run alone."""

    def __init__(
        self, folder: Path, supervisor: Supervisor, nginx: Path, province: Province, users: int
    ) -> None:
        self._folder = folder
        self._supervisor = supervisor
        self._nginx = nginx
        self._users = users
        self._province = province
        self._gateways = tuple(
            site.gateway for site in plan_fleet(province, "rehearsal").sites if site.site == SITE
        )
        self._runs = 0
        self.hostname = self._gateways[0].hostname
        self.accounts = folder / "accounts.csv"
        self._authority = Authority.create(folder / "pki", "Suyun peers")
        self.ca_file = self._authority.ca_file

    async def start(self) -> None:
        """Starts the platform, with an account for each user at the site."""
        secret = secrets.token_bytes(32)
        write_private(self._folder / "accounts.key", secret)
        everybody = self._users
        while self._students(everybody) < self._users:
            everybody *= 2
        names = [account(SITE, Persona.STUDENT, index) for index in range(self._users)]
        lines = "".join(f"{name};{password(secret, name)}\n" for name in names)
        write_private(self.accounts, lines.encode())
        self._platform = Platform(
            self._folder / "p",
            self._supervisor,
            self._province,
            everybody,
            self._folder / "accounts.key",
        )
        await self._platform.start()

    async def edge(self, *, tls: bool) -> Edge:
        """A new edge, started."""
        self._runs += 1
        edge = (Edge if tls else PlainEdge)(
            folder=self._folder / f"e{self._runs}",
            supervisor=self._supervisor,
            nginx=self._nginx,
            authority=self._authority,
            gateways=self._gateways,
            upstreams=self._platform.sockets,
            users=self._users,
            network=NETWORK,
        )
        await edge.start()
        return edge

    async def token(self, edge: Edge, *, tls: bool) -> str:
        """A student's token, good for all runs."""
        name, _, word = self.accounts.read_text("utf-8").splitlines()[0].partition(";")
        return await asyncio.to_thread(self._login, self.url(edge, tls=tls), name, word)

    def url(self, edge: Edge, *, tls: bool) -> str:
        """Where that edge is. Its certificate is for the address too."""
        address, port = edge.addresses[self.hostname]
        return f"{'https' if tls else 'http'}://{address}:{port}"

    def seen(self, since: float, until: float) -> Seen:
        """What the log of the latest edge says. Call it once that edge has been stopped."""
        lines = list(self._lines())
        reads, requests = Tally(), 0
        for line in lines:
            requests += since <= line.at < until
            if line.route in _READ:
                reads.add(line)
        refused = sum(line.status != _HTTP_OK for line in lines)
        return Seen(requests=requests, p99_ms=reads.quantile_ms(0.99), refused=refused)

    def _lines(self) -> list[Line]:
        logs = sorted((self._folder / f"e{self._runs}").glob("access*.log"))
        return [parse(line) for log in logs for line in log.read_text("ascii").splitlines()]

    def _students(self, everybody: int) -> int:
        return sum(
            crowd.users
            for crowd in crowds(self._province, everybody)
            if crowd.site == SITE and crowd.persona is Persona.STUDENT
        )

    def _login(self, url: str, name: str, word: str) -> str:
        request = urllib.request.Request(  # noqa: S310 - a URL of our own
            f"{url}/login",
            data=json.dumps({"account": name, "password": word}).encode(),
            headers={"Host": self.hostname, "Content-Type": "application/json"},
        )
        context = ssl.create_default_context(cafile=str(self.ca_file))
        with urllib.request.urlopen(request, context=context) as answer:  # noqa: S310 - ours
            return str(json.load(answer)["token"])
