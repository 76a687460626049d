"""The base database at all its holders: one leads, the others follow, and every change is safe."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from infra.plan.stateful import DatabasePlan
from processes.supervisor import Supervisor
from rehearsal.database.archiving import Backup, Restored, archive_now, back_up, restore
from rehearsal.database.client import DatabaseAccess
from rehearsal.database.errors import DatabaseError, SplitBrainError
from rehearsal.database.founding import bring_up_to_date, found
from rehearsal.database.holders import ArchiveStore, Holders
from rehearsal.database.server import Server
from rehearsal.database.silence import copy_again, stop_copying
from rehearsal.database.standing import Lag, Standing, lags, require_one_leader
from rehearsal.database.succession import (
    Promotion,
    Rejoined,
    Succession,
    begin_term,
    follow,
    rejoin,
)
from rehearsal.database.watching import Watch
from rehearsal.pki import Authority
from rehearsal.place import Place

APPLICATION_ROLE = "suyun_app"
SKEW_SECONDS_MAX = 2.0
"""Beyond it lag, the age of backups and the order of what is logged mean nothing."""


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
        archive: Mapping[str, ArchiveStore] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`plans` are by site, and each of their sites is among `places`.

        `programs` has `postgres` at least, which the others lie beside. `archive` has, by site,
        the object store that its WAL goes to: one of another site (`plan.archive.bucket.kept_at`).
        `clock` is the time that the servers' is compared with, in seconds since 1970.
        """
        self._holders = Holders(
            folder=folder,
            supervisor=supervisor,
            plans=plans,
            places=places,
            authority=authority,
            programs=programs,
            archive=archive or {},
        )
        self._watch = Watch(lambda: self._holders.leader.access)
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

        Who led before somebody else was promoted stays down until `rejoin`. Where something is
        refused nothing is left running.
        """
        async with self._change:
            try:
                await self._start()
            except BaseException:
                await self._stop()
                raise
            self._watch.start()

    async def stop(self) -> None:
        """Ends all servers in order: who leads first, so that the others get its last bytes."""
        async with self._change:
            await self._watch.stop()
            await self._stop()

    async def kill(self, site: str) -> None:
        """SIGKILL to all that runs of it at the site, at once."""
        await self._holders.server(site).kill()

    async def boot(self, site: str) -> None:
        """What was killed or stopped there comes back.

        Raises SplitBrainError where it would take writes and somebody else does, or has since.
        """
        async with self._change:
            server = self._holders.server(site)
            if server.is_running:
                return
            if server.is_replica:
                await follow(self._holders, server)
                return
            await self._require_still_leads(server)
            await server.start()
            for replica in self._to_follow():  # they look again at once, not in some seconds
                await replica.configure(self._holders.settings(replica.site))

    async def fence(self, site: str) -> None:
        """Whoever takes writes there ends, in order: what it has acknowledged goes to the others.

        It is the first step of every change of the primary. `boot` undoes it while nobody else
        has been promoted.
        """
        async with self._change:
            await self._holders.server(site).stop()

    async def promote(self, site: str) -> Promotion:
        """That replica takes the writes from now on, and the others follow it.

        Raises DatabaseError, with nothing changed, while another may take writes (`fence` it), or
        where the site lacks what another has, or what was confirmed.
        """
        async with self._change:
            return await Succession(self._holders, site, self._watch.written).promote()

    async def rejoin(self, site: str) -> Rejoined:
        """A server that had led, or that was left behind, follows again.

        What it alone has is taken back by `pg_rewind`; where that is not possible, all of it is
        replaced by a new copy. Raises DatabaseError while it takes writes itself.
        """
        async with self._change:
            return await rejoin(self._holders, site)

    async def stop_copying(self) -> None:
        """Who leads goes on alone: nobody has or confirms its commits, and nothing says so."""
        async with self._change:
            await stop_copying(self._holders)

    async def copy_again(self) -> None:
        """The others follow again, and confirm as it is planned."""
        async with self._change:
            await copy_again(self._holders)

    async def back_up(self) -> Backup:
        """A base backup into the archive of the primary, with the WAL that it needs."""
        return await back_up(self._holders)

    async def archive_now(self) -> float:
        """All that is written goes into the archive; after how many seconds it was there."""
        return await archive_now(self._holders)

    async def restore(
        self,
        into: Path,
        at: Place,
        *,
        until: datetime | None = None,
        sites: Sequence[str] = (),
    ) -> Restored:
        """A database of its own in the empty folder `into`, out of nothing but the archives.

        Those are of `sites`, or of all that have led: name them where the store of one is lost. It
        has all that was archived, or what had been written `until` then.
        """
        return await restore(self._holders, into, at, until, sites)

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

    async def _start(self) -> None:
        self._holders.prepare()
        await self._require_archives()
        if self._holders.is_founded:
            await self._holders.leader.start()
        else:
            await self._found()
        await asyncio.gather(*(follow(self._holders, one) for one in self._to_follow()))
        await self._holders.leader.configure(self._holders.settings(self.primary))
        await bring_up_to_date(self._holders.leader.access)
        await self._require_same_time()

    async def _stop(self) -> None:
        if self._holders.servers:
            await self._holders.leader.stop()
        await asyncio.gather(*(one.stop() for one in self._holders.servers.values()))

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
        await begin_term(leader, 1)
        copies = (o.copy(holders.following(o.site, leader.site)) for o in holders.others)
        await asyncio.gather(*copies)
        holders.lead(leader.site)

    def _to_follow(self) -> list[Server]:
        return [one for one in self._holders.others if one.is_made and one.is_replica]

    async def _require_still_leads(self, server: Server) -> None:
        """Of a server that would take writes from its start on."""
        others = [one for one in await self.standings() if one.site != server.site]
        own = server.timeline()
        newer = [one for one in others if one.leads or one.timeline > own]
        if server.site != self.primary or newer:
            named = (
                f"{newer[0].site}, now on timeline {newer[0].timeline}" if newer else self.primary
            )
            raise SplitBrainError(
                f"{server.site} led on timeline {own}, and the lead went to {named}: started as it "
                "stands, both would take writes",
                f"rejoin {server.site}, which takes back what it alone has",
            )

    async def _require_archives(self) -> None:
        """Every archive can be written and read, with the keys and clocks that there are."""
        await asyncio.gather(
            *(
                self._holders.server(site).archive(
                    "prepare", str(self._holders.archive_config(site))
                )
                for site in self._holders.archived
            )
        )

    async def _require_same_time(self) -> None:
        for standing in await self.standings():
            skew = standing.clock - self._clock()
            if abs(skew) > SKEW_SECONDS_MAX:
                raise DatabaseError(
                    f"the clock of {standing.site} is off by {skew:+.1f} s, and "
                    f"{SKEW_SECONDS_MAX:.0f} s are the most",
                    "set the clocks by NTP; lag and the age of backups are told by them",
                )
