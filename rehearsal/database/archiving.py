"""Base backups and WAL in the archive, and a database out of nothing else."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rehearsal.database.archive import ArchiveConfig
from rehearsal.database.client import DatabaseAccess, session
from rehearsal.database.errors import DatabaseError
from rehearsal.database.holders import Holders
from rehearsal.database.server import Server
from rehearsal.place import Place

_SECONDS_MAX = 120.0
_POLL_SECONDS = 0.1
_TIMELINE = "SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int"
_LABEL = "%Y%m%dT%H%M%SZ"


class Restored:
    """A database of its own, out of an archive: it follows nobody and archives nothing."""

    def __init__(self, server: Server, *, timeline: int, seconds: float) -> None:
        self._server = server
        self.timeline = timeline
        self.seconds = seconds
        """From nothing to taking queries."""

    @property
    def access(self) -> DatabaseAccess:
        """As its superuser; the roles and passwords are those of the original."""
        return self._server.access

    async def stop(self) -> None:
        """Ends the server; its folder stays."""
        await self._server.stop()


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """A base backup in the archive of `site`'s cluster, kept at another site."""

    site: str
    label: str
    seconds: float


async def back_up(holders: Holders) -> Backup:
    """A base backup of who leads, once its WAL is in the archive too. Raises DatabaseError."""
    began, leader = time.monotonic(), holders.leader
    _require_archived(holders, leader.site)
    label = datetime.now(UTC).strftime(_LABEL)
    folder = leader.settings.folder / "base"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        async with asyncio.timeout(_SECONDS_MAX):
            await leader.run(
                "pg_basebackup",
                f"--pgdata={folder}",
                f"--dbname={holders.following(leader.site, leader.site).conninfo}",
                "--format=tar",
                "--wal-method=none",
                "--checkpoint=fast",
            )
            config = str(holders.archive_config(leader.site))
            await leader.archive("put-base", config, str(folder), label)
    except TimeoutError as error:
        raise DatabaseError(
            f"no base backup of {leader.site} within {_SECONDS_MAX:.0f} s: does its WAL arrive?",
            f"see {leader.settings.folder / 'log' / 'postgres.log'}",
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Backup(site=leader.site, label=label, seconds=time.monotonic() - began)


async def archive_now(holders: Holders) -> float:
    """Closes the WAL segment and returns after how many seconds it was in the archive."""
    began, leader = time.monotonic(), holders.leader
    _require_archived(holders, leader.site)
    async with session(leader.access) as connection:
        segment = await connection.fetchval("SELECT pg_walfile_name(pg_switch_wal())")
        while True:
            row = await connection.fetchrow(
                "SELECT last_archived_wal AS name FROM pg_stat_archiver"
            )
            if row["name"] is not None and row["name"].split(".")[0] >= segment:
                return time.monotonic() - began
            if time.monotonic() - began > _SECONDS_MAX:
                raise DatabaseError(
                    f"{segment} was not archived within {_SECONDS_MAX:.0f} s",
                    f"see {leader.settings.folder / 'log' / 'postgres.log'}",
                )
            await asyncio.sleep(_POLL_SECONDS)


async def restore(
    holders: Holders, into: Path, at: Place, until: datetime | None, sites: Sequence[str]
) -> Restored:
    """A database in the empty folder `into`, started at `at`, out of those sites' archives.

    Each file of the base backup is compared with its manifest before anything is replayed.
    Raises DatabaseError, also when one of the archives does not answer.
    """
    began = time.monotonic()
    if into.exists() and any(into.iterdir()):
        raise DatabaseError(f"{into} is not empty", "restore into an empty folder")
    sources = holders.sources(sites)
    if not sources:
        raise DatabaseError("there is no archive to restore from", "start with an archive")
    server = holders.new_restored(into, at, until.isoformat() if until else "")
    config = ArchiveConfig(own=None, sources=sources, is_strict=True).write(into / "archive.json")
    holders.own(config)
    data, label = server.settings.data, until.astimezone(UTC).strftime(_LABEL) if until else ""
    await server.archive("get-base", str(config), str(data), *([label] if label else []))
    await server.run("pg_verifybackup", "--no-parse-wal", "--quiet", str(data))
    (data / "recovery.signal").touch()
    holders.own(data / "recovery.signal")
    await server.start()
    timeline = await _until_it_leads(server)
    return Restored(server, timeline=timeline, seconds=time.monotonic() - began)


async def _until_it_leads(server: Server) -> int:
    """Its timeline once it has replayed what there was. Raises DatabaseError when it ends."""
    while True:
        server.require_alive()
        async with session(server.access) as connection:
            if not await connection.fetchval("SELECT pg_is_in_recovery()"):
                return int(await connection.fetchval(_TIMELINE))
        await asyncio.sleep(_POLL_SECONDS)


def _require_archived(holders: Holders, site: str) -> None:
    if site not in holders.archived:
        raise DatabaseError(f"the WAL of {site} is archived nowhere", "start with an archive")
