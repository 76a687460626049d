"""What people with a browser see of the data world: an edge and the platform at each of its sites.

The branches outside the world have one edge and one process of the platform together, which reads
and writes at the main site first, as they do where their own stores are none of the world's.
All of these run in the machine's own network: between them and their site's servers lies that
site's own link to the machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.plan.fleet import plan_fleet
from infra.plan.values import GatewayPlan
from processes.supervisor import Supervisor
from province.audience import crowds
from province.province import Province
from rehearsal.data.status import Entrance
from rehearsal.edge.edge import PORT_IPV6, Edge
from rehearsal.pki import Authority
from rehearsal.platform.engines import Engines
from rehearsal.platform.platform import Platform
from rehearsal.platform.stock import stock

_ENVIRONMENT = "rehearsal"


@dataclass(frozen=True, kw_only=True, slots=True)
class FrontOrder:
    """`users` connect at once, over all sites. `secret_file` is that of their passwords."""

    folder: Path
    province: Province
    users: int
    nginx: Path
    secret_file: Path


class Front:
    """Stands between `start` and the supervisor's end. A site's part dies and comes back alone."""

    def __init__(
        self,
        order: FrontOrder,
        sites: Sequence[str],
        engines: Callable[[str], Engines],
        supervisor: Supervisor,
        authority: Authority,
    ) -> None:
        """`sites` are the world's; `engines` gives what the platform at a site works with."""
        self._order = order
        self._sites = tuple(sites)
        self._engines = engines
        self._parts = self._parted()
        self._platform = Platform(
            order.folder / "platform",
            supervisor,
            order.province,
            order.users,
            order.secret_file,
            engines=[engines(near) for near in self._nears()],
        )
        self._edges = tuple(
            Edge(
                folder=order.folder / f"edge-{number}",
                supervisor=supervisor,
                nginx=order.nginx,
                authority=authority,
                gateways=[gateway for _, gateway in part],
                numbers=[at for at, _ in part],
                upstreams=[socket],
                users=max(1, self._users([gateway.site for _, gateway in part])),
                port_ipv6=PORT_IPV6,
            )
            for number, (socket, part) in enumerate(
                zip(self._platform.sockets, self._parts, strict=True)
            )
        )

    @property
    def entrances(self) -> tuple[Entrance, ...]:
        """Every site's, once for each protocol."""
        return tuple(
            Entrance(site=site, hostname=hostname, address=address, port=port)
            for edge in self._edges
            for site, hostname, address, port in edge.targets
        )

    async def start(self) -> None:
        """The shelves, the platform, then the edges. Raises ProcessError, StorageError."""
        sites = tuple(site.id for site in self._order.province.sites)
        await stock(self._engines(self._sites[0]), sites)
        await self._platform.start()
        await asyncio.gather(*(edge.start() for edge in self._edges))

    async def kill(self, site: str) -> None:
        """SIGKILL to the site's edge and platform."""
        number = self._sites.index(site)
        await asyncio.gather(self._edges[number].kill(), self._platform.kill(number))

    async def boot(self, site: str) -> None:
        """Both come back."""
        number = self._sites.index(site)
        await self._platform.boot(number)
        await self._edges[number].start()

    async def received(self) -> int:
        """Requests that the platform's standing processes have received. Raises ProcessError."""
        return (await self._platform.counters()).received

    def _nears(self) -> list[str]:
        """At which site each part is; any branch outside the world stands for all of them."""
        return [part[0][1].site for part in self._parts]

    def _parted(self) -> list[list[tuple[int, GatewayPlan]]]:
        """The gateways of each site of the world, and those of all others, with their numbers."""
        gateways = [plan.gateway for plan in plan_fleet(self._order.province, _ENVIRONMENT).sites]
        numbered = list(enumerate(gateways))
        parts = [[one for one in numbered if one[1].site == site] for site in self._sites]
        parts.append([one for one in numbered if one[1].site not in self._sites])
        return [part for part in parts if part]

    def _users(self, sites: Sequence[str]) -> int:
        everybody = crowds(self._order.province, self._order.users)
        return sum(crowd.users for crowd in everybody if crowd.site in sites)
