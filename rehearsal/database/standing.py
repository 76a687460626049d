"""How a server stands, as it says itself: whether it leads, on which timeline, how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rehearsal.database.client import DatabaseAccess, session
from rehearsal.database.errors import SplitBrainError

_STANDING = """
SELECT NOT pg_is_in_recovery() AS leads,
  CASE WHEN pg_is_in_recovery()
    THEN (
      SELECT max(('x' || left(name, 8))::bit(32)::int) FROM pg_ls_waldir()
      WHERE name ~ '^[0-9A-F]{24}$'
    )
    ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int
  END AS timeline,
  CASE WHEN pg_is_in_recovery()
    THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
    ELSE pg_current_wal_flush_lsn()
  END - '0/0'::pg_lsn AS written,
  CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END
    - '0/0'::pg_lsn AS replayed,
  EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming') AS streams,
  coalesce((SELECT max(term) FROM fence.terms), 0) AS term,
  extract(epoch FROM clock_timestamp())::float8 AS clock
"""
_FOLLOWERS = """
SELECT application_name AS cluster, state = 'streaming' AS streams, sync_state,
  pg_current_wal_flush_lsn() - flush_lsn AS behind,
  pg_current_wal_flush_lsn() - replay_lsn AS unseen,
  extract(epoch FROM replay_lag)::float8 AS seconds
FROM pg_stat_replication
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """One server. `written` and `replayed` are places in the WAL, in bytes from its beginning.

    A follower has `written` on its disk and has `replayed` so much of it; of who leads, both are
    what is on its disk. `term` is the highest that it knows (`fence.terms`), `clock` its time in
    seconds since 1970.
    """

    site: str
    leads: bool
    streams: bool
    timeline: int
    written: int
    replayed: int
    term: int
    clock: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Lag:
    """How far a follower is behind who leads, as that one sees it; None where it does not.

    `bytes_behind` are not on the follower's disk yet. `seconds_behind` is how long the last commit
    took to be seen by readers there, 0 once all is seen. Who is not connected has neither.
    """

    site: str
    streams: bool
    is_synchronous: bool
    bytes_behind: int | None
    seconds_behind: float | None


async def standing(site: str, access: DatabaseAccess, seconds: float = 3.0) -> Standing:
    """Asks the server. Raises DatabaseError."""
    async with session(access, seconds) as connection:
        row = await connection.fetchrow(_STANDING)
    return Standing(
        site=site,
        leads=row["leads"],
        streams=row["streams"],
        timeline=row["timeline"],
        written=int(row["written"]),
        replayed=int(row["replayed"]),
        term=row["term"],
        clock=row["clock"],
    )


async def lags(access: DatabaseAccess, clusters: Sequence[tuple[str, str]]) -> tuple[Lag, ...]:
    """Asks who leads for its followers, given as site and cluster. Raises DatabaseError."""
    async with session(access) as connection:
        rows = {row["cluster"]: row for row in await connection.fetch(_FOLLOWERS)}
    return tuple(_lag(site, rows.get(cluster)) for site, cluster in clusters)


def _lag(site: str, row: object) -> Lag:
    if row is None or not row["streams"]:  # type: ignore[index]  # asyncpg has no types
        return Lag(
            site=site,
            streams=False,
            is_synchronous=False,
            bytes_behind=None,
            seconds_behind=None,
        )
    seen = row["unseen"] == 0  # type: ignore[index]  # asyncpg has no types
    return Lag(
        site=site,
        streams=True,
        is_synchronous=row["sync_state"] in {"sync", "quorum"},  # type: ignore[index]  # the same
        bytes_behind=int(row["behind"]),  # type: ignore[index]  # the same
        seconds_behind=0.0 if seen else row["seconds"],  # type: ignore[index]  # the same
    )


def require_one_leader(standings: Iterable[Standing]) -> None:
    """Raises SplitBrainError when more than one server takes writes."""
    leaders = [one for one in standings if one.leads]
    if len(leaders) > 1:
        said = " and ".join(
            f"{one.site} (timeline {one.timeline}, term {one.term}, {one.written:,} bytes)"
            for one in leaders
        )
        newest = max(leaders, key=lambda one: (one.term, one.timeline))
        others = ", ".join(one.site for one in leaders if one is not newest)
        raise SplitBrainError(
            f"two take writes: {said}",
            f"{newest.site} has the newest term: fence {others}, then rejoin it; what was "
            "written there alone has to be looked at first",
        )
