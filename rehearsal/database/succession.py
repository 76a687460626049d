"""The lead goes from one site to another, and whoever had it comes back as a follower."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from enum import StrEnum

from rehearsal.database.client import UnreachableError, session
from rehearsal.database.errors import DatabaseError
from rehearsal.database.holders import Holders
from rehearsal.database.promotion import Candidacy, furthest, require_fenced, require_promotable
from rehearsal.database.server import Server
from rehearsal.database.standing import Standing

STREAMING_SECONDS = 30.0
_ALONE_SECONDS = 5.0
_PROMOTION_SECONDS = 60
"""Longer than it may take (30 s): whether it was in time is judged, of what it took."""
_CATCH_UP_SECONDS = 5.0
_POLL_SECONDS = 0.1
_TERM = """
INSERT INTO fence.terms (term, site, timeline, lsn)
SELECT coalesce(max(term), 0) + 1, $1, $2, pg_current_wal_flush_lsn() FROM fence.terms
RETURNING term
"""


class How(StrEnum):
    """By what means a server came to follow again."""

    REWOUND = "rewound"
    COPIED = "copied"


@dataclass(frozen=True, kw_only=True, slots=True)
class Promotion:
    """`site` leads, in that term and on that timeline; `seconds` from being asked to confirmed.

    `bytes_unseen_max` is what the last leader had written when it was last seen and nobody else
    has: at most so much is lost, of commits that were not confirmed by the plan's `synchronous`.
    """

    site: str
    term: int
    timeline: int
    seconds: float
    bytes_unseen_max: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejoined:
    """`site` follows again."""

    site: str
    how: How
    seconds: float


class Succession:
    """One promotion, from the decision to a confirmed commit in the new term."""

    def __init__(self, holders: Holders, site: str, written_last: int | None) -> None:
        """`written_last` is how far the leader's WAL was when it was last seen, in bytes."""
        self._holders = holders
        self._server = holders.server(site)
        self._written_last = written_last

    async def promote(self) -> Promotion:
        """Decides, catches up, promotes, and has the others follow. Raises DatabaseError."""
        began = time.monotonic()
        with self._holders.without_archives():
            before = await self._decide()
            self._holders.lead(self._server.site)
            await self._take_over()
            await self._turn_others(asks_archive=False)
            after = await self._holders.ask(self._server.site)
            timeline = after.timeline if after else before.timeline + 1
            term = await begin_term(self._server, timeline)
        await self._turn_others(asks_archive=True)
        return Promotion(
            site=self._server.site,
            term=term,
            timeline=timeline,
            seconds=time.monotonic() - began,
            bytes_unseen_max=max(0, (self._written_last or 0) - before.written),
        )

    async def _decide(self) -> Standing:
        """The candidate's standing, after it was given what another has and it lacks."""
        candidacy = await self._candidacy()
        require_fenced(candidacy)
        best = furthest(candidacy)
        if best is not None and best.site != candidacy.site:
            await self._catch_up(best)
            candidacy = await self._candidacy()
        try:
            return require_promotable(candidacy)
        except DatabaseError:
            await self._server.configure(self._holders.settings(self._server.site))
            raise

    async def _candidacy(self) -> Candidacy:
        holders, site = self._holders, self._server.site
        others = [one for name, one in holders.servers.items() if name != site]
        asked = await asyncio.gather(*(holders.ask(name) for name in holders.servers))
        return Candidacy(
            site=site,
            leader=holders.primary,
            is_leader_alive=any(one.is_running and not one.is_replica for one in others),
            standings=[standing for standing in asked if standing is not None],
            replicas=sum(one.is_replica for one in holders.servers.values()),
            confirming=holders.plans[holders.primary].synchronous.number,
            written_last=self._written_last,
        )

    async def _catch_up(self, best: Standing) -> None:
        """Follows a replica that has more until it has that too; in vain where it does not."""
        settings = self._holders.settings(self._server.site)
        following = self._holders.following(self._server.site, best.site)
        await self._server.configure(replace(settings, following=following, restore_command=""))
        deadline = asyncio.get_running_loop().time() + _CATCH_UP_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            standing = await self._holders.ask(self._server.site)
            if standing is not None and standing.written >= best.written:
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def _take_over(self) -> None:
        """Without asking the archive first, which may lie where the last leader was lost."""
        settings = self._holders.settings(self._server.site)
        await self._server.configure(replace(settings, restore_command=""))
        async with session(self._server.access, _PROMOTION_SECONDS + 5) as connection:
            if not await connection.fetchval("SELECT pg_promote(true, $1)", _PROMOTION_SECONDS):
                raise DatabaseError(
                    f"{self._server.site} did not take over within {_PROMOTION_SECONDS} s",
                    f"promote {self._server.site} again; {self._server.last_words()}",
                )

    async def _turn_others(self, *, asks_archive: bool) -> None:
        for other in self._holders.others:
            if other.is_running and other.is_replica:
                settings = self._holders.settings(other.site)
                await other.configure(
                    settings if asks_archive else replace(settings, restore_command="")
                )


async def begin_term(server: Server, timeline: int) -> int:
    """Notes in the database itself who leads from now on, and returns the term.

    It is the first commit that has to be confirmed. Raises DatabaseError when nobody does.
    """
    try:
        async with session(server.access, STREAMING_SECONDS) as connection:
            return int(await connection.fetchval(_TERM, server.site, timeline))
    except UnreachableError as error:
        raise DatabaseError(
            f"{server.site} leads, but no other site confirms its commits, so none is acknowledged",
            "boot or rejoin another holder, or heal its link",
        ) from error


async def rejoin(holders: Holders, site: str) -> Rejoined:
    """Has that site's server follow whoever leads. Raises DatabaseError."""
    began, server = time.monotonic(), holders.server(site)
    timeline = await _require_leader(holders, site)
    if server.is_running and not server.is_replica:
        raise DatabaseError(f"{site} still takes writes", f"fence {site} first")
    await server.stop()
    how = await _bring_back(server, holders, timeline)
    await follow(holders, server)
    return Rejoined(site=site, how=how, seconds=time.monotonic() - began)


async def follow(holders: Holders, server: Server) -> None:
    """Has a replica follow who leads, and waits until it streams if that one runs.

    The archive is asked only when streaming does not begin: its program takes half a second for
    every file, also for those that are not there. Raises DatabaseError.
    """
    settings = holders.settings(server.site)
    await server.configure(replace(settings, restore_command=""))
    if not server.is_running:
        await server.start()
    streams = not holders.leader.is_running or await _streams(holders, server, _ALONE_SECONDS)
    await server.configure(settings)
    if not streams and not await _streams(holders, server, STREAMING_SECONDS):
        raise DatabaseError(
            f"{server.site} did not follow {holders.primary} within {STREAMING_SECONDS:.0f} s: "
            f"{server.last_words()}",
            f"rejoin {server.site}: it may lack WAL that nobody keeps any more",
        )


async def _streams(holders: Holders, server: Server, seconds: float) -> bool:
    deadline = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < deadline:
        standing = await holders.ask(server.site)
        if standing is not None and standing.streams:
            return True
        server.require_alive()
        await asyncio.sleep(_POLL_SECONDS)
    return False


async def _require_leader(holders: Holders, site: str) -> int:
    """The timeline of who leads, somebody else, once its control file says it: `pg_rewind` asks."""
    if site == holders.primary:
        raise DatabaseError(f"{site} leads: it has nobody to follow", "promote another first")
    leader = await holders.ask(holders.primary)
    if leader is None or not leader.leads:
        raise DatabaseError(
            f"{holders.primary}, which is to lead, does not take writes",
            f"boot {holders.primary}, or promote another",
        )
    async with session(holders.leader.access) as connection:
        await connection.execute("CHECKPOINT")
    return leader.timeline


async def _bring_back(server: Server, holders: Holders, timeline: int) -> How:
    server.settings = holders.settings(server.site)
    following = holders.following(server.site, holders.primary)
    try:
        if server.is_made:
            await server.rewind(following, timeline)
            return How.REWOUND
    except DatabaseError:
        pass  # its WAL is gone, or it is broken: then a copy
    await server.copy(following)
    return How.COPIED
