"""The base database at all its holders: one leads, the others follow, and every change is safe."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from infra.plan.stateful import DatabasePlan
from processes.supervisor import Supervisor
from rehearsal.database.client import DatabaseAccess, session
from rehearsal.database.errors import DatabaseError
from rehearsal.database.founding import bring_up_to_date, found
from rehearsal.database.holders import Holders
from rehearsal.database.server import Server
from rehearsal.database.standing import Lag, Standing, lags, require_one_leader
from rehearsal.pki import Authority
from rehearsal.place import Place

APPLICATION_ROLE = "suyun_app"
STREAMING_SECONDS = 30.0
SKEW_SECONDS_MAX = 2.0
"""Beyond it lag, the age of backups and the order of what is logged mean nothing."""
_POLL_SECONDS = 0.1
_TERM = """
INSERT INTO fence.terms (term, site, timeline, lsn)
SELECT coalesce(max(term), 0) + 1, $1, $2, pg_current_wal_flush_lsn() FROM fence.terms
RETURNING term
"""


class Databases:
    """All servers of the base database. One change at a time; each raises DatabaseError."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that the database is made of
        self,
        folder: Path,
        supervisor: Supervisor,
        plans: Mapping[str, DatabasePlan],
        places: Sequence[Place],
        authority: Authority,
        programs: Mapping[str, Path],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`plans` are by site, and each of their sites is among `places`.

        `programs` has `postgres` at least, which the others lie beside. `clock` is the time that
        the servers' is compared with, in seconds since 1970.
        """
        self._holders = Holders(
            folder=folder,
            supervisor=supervisor,
            plans=plans,
            places=places,
            authority=authority,
            programs=programs,
        )
        self._clock = clock
        self._change = asyncio.Lock()

    @property
    def sites(self) -> tuple[str, ...]:
        """Where it is held."""
        return tuple(self._holders.plans)

    @property
    def primary(self) -> str:
        """The site that takes writes, or did until it was lost."""
        return self._holders.primary

    def access(self, site: str, role: str = APPLICATION_ROLE) -> DatabaseAccess:
        """How a role of the plan reaches the server of that site."""
        return self._holders.access(site, role)

    async def start(self) -> None:
        """All servers, from what lies in the folder or anew; ready when every replica streams.

        Who led before somebody else was promoted stays down until `rejoin`.
        """
        async with self._change:
            self._holders.prepare()
            if self._holders.is_founded:
                await self._holders.leader.start()
            else:
                await self._found()
            await asyncio.gather(*(self._follow(one) for one in self._to_follow()))
            await self._holders.leader.configure(self._holders.settings(self.primary))
            await bring_up_to_date(self._holders.leader.access)
            await self._require_same_time()

    async def stop(self) -> None:
        """Ends all servers in order: who leads first, so that the others get its last bytes."""
        async with self._change:
            if self._holders.servers:
                await self._holders.leader.stop()
            await asyncio.gather(*(one.stop() for one in self._holders.servers.values()))

    async def kill(self, site: str) -> None:
        """SIGKILL to all that runs of it at the site, at once."""
        async with self._change:
            await self._holders.server(site).kill()

    async def standings(self) -> tuple[Standing, ...]:
        """How each server that answers stands. Raises SplitBrainError when two take writes."""
        asked = (self._holders.ask(site) for site in self._holders.servers)
        found = tuple(one for one in await asyncio.gather(*asked) if one is not None)
        require_one_leader(found)
        return found

    async def lags(self) -> tuple[Lag, ...]:
        """How far each replica is behind, as the primary sees it. Raises UnreachableError."""
        clusters = [(one.site, self._holders.plans[one.site].name) for one in self._holders.others]
        return await lags(self._holders.leader.access, clusters)

    async def _found(self) -> None:
        """The first primary, empty but for roles and schema, and copies of it to follow it."""
        holders = self._holders
        holders.clear()
        leader = holders.leader
        await leader.make()
        leader.settings = holders.settings(leader.site, is_confirmed=False)
        await leader.start()
        await found(leader.access, holders.plans[leader.site], holders.passwords())
        await bring_up_to_date(leader.access)
        await self._begin_term(leader.site)
        copies = (o.copy(holders.following(o.site, leader.site)) for o in holders.others)
        await asyncio.gather(*copies)
        holders.lead(leader.site)

    async def _begin_term(self, site: str) -> int:
        """Notes in the database itself who leads from now on."""
        async with session(self._holders.server(site).access) as connection:
            standing = await self._holders.ask(site)
            timeline = standing.timeline if standing else 1
            return int(await connection.fetchval(_TERM, site, timeline))

    def _to_follow(self) -> list[Server]:
        return [one for one in self._holders.others if one.is_made and one.is_replica]

    async def _follow(self, server: Server) -> None:
        """Starts a replica and waits until it streams, if there is anybody to stream from."""
        server.settings = self._holders.settings(server.site)
        await server.start()
        if self._holders.leader.is_running:
            await self._await_streaming(server.site)

    async def _await_streaming(self, site: str) -> None:
        deadline = asyncio.get_running_loop().time() + STREAMING_SECONDS
        while True:
            standing = await self._holders.ask(site)
            if standing is not None and standing.streams:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise DatabaseError(
                    f"{site} did not follow {self.primary} within {STREAMING_SECONDS:.0f} s: "
                    f"{self._holders.server(site).last_words()}",
                    f"rejoin {site}: it may lack WAL that nobody keeps any more",
                )
            await asyncio.sleep(_POLL_SECONDS)

    async def _require_same_time(self) -> None:
        for standing in await self.standings():
            skew = standing.clock - self._clock()
            if abs(skew) > SKEW_SECONDS_MAX:
                raise DatabaseError(
                    f"the clock of {standing.site} is off by {skew:+.1f} s, and "
                    f"{SKEW_SECONDS_MAX:.0f} s are the most",
                    "set the clocks by NTP; lag and the age of backups are told by them",
                )
