"""The servers of all holders, which of them leads, and how each is configured for that."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from infra.plan.stateful import DatabasePlan
from processes.files import write_whole
from processes.supervisor import Supervisor
from rehearsal.database.account import Account, account
from rehearsal.database.archive import ArchiveConfig
from rehearsal.database.bucket import Source
from rehearsal.database.client import SUPERUSER, DatabaseAccess
from rehearsal.database.errors import DatabaseError
from rehearsal.database.passwords import password_file
from rehearsal.database.server import ARCHIVE_PROGRAM, Server
from rehearsal.database.settings import REPLICATION_ROLE, Following, Settings
from rehearsal.database.standing import Standing, standing
from rehearsal.pki import Authority, KeyPair
from rehearsal.place import Place

PORT = 5432


class ArchiveStore(Protocol):
    """An object store, as it is reached. The secret key is what the file holds."""

    @property
    def endpoint(self) -> str:
        """Its URL."""

    @property
    def ca_file(self) -> Path:
        """The authority that its certificate is of."""

    @property
    def access_key(self) -> str:
        """Whose keys these are."""

    @property
    def secret_key_file(self) -> Path:
        """Of mode 0600."""

    @property
    def zonegroup(self) -> str:
        """Where new buckets are made."""


class Holders:
    """One server a site, made by `prepare` as values; and who leads, in a file."""

    def __init__(  # noqa: PLR0913 - all that the servers are made of, each passed by name
        self,
        *,
        folder: Path,
        supervisor: Supervisor,
        plans: Mapping[str, DatabasePlan],
        places: Sequence[Place],
        authority: Authority,
        programs: Mapping[str, Path],
        archive: Mapping[str, ArchiveStore],
    ) -> None:
        """`plans` are by site. Of `places` those count that hold the database.

        `archive` has, by site, the store elsewhere that its WAL goes to.
        """
        self.plans = dict(plans)
        self.servers: dict[str, Server] = {}
        self._folder = folder.absolute()
        self._supervisor = supervisor
        self._places = {place.site: place for place in places}
        self._authority = authority
        self._programs = programs
        self._archive = dict(archive)
        self._account: Account | None = None
        self._keys: dict[str, KeyPair] = {}

    @property
    def is_founded(self) -> bool:
        """Whether there has been a primary."""
        return bool(self.leaders)

    @property
    def primary(self) -> str:
        """The site that takes writes, or did until it was lost; at first that of the plan."""
        if self.leaders:
            return self.leaders[-1]
        return next(site for site, plan in self.plans.items() if plan.primary == plan.name)

    @property
    def leaders(self) -> tuple[str, ...]:
        """Who has led, in order, each as often as it was promoted."""
        try:
            return tuple(self._record.read_text("utf-8").split())
        except FileNotFoundError:
            return ()

    @property
    def leader(self) -> Server:
        """The primary's server."""
        return self.server(self.primary)

    @property
    def others(self) -> tuple[Server, ...]:
        """All but the leader."""
        return tuple(one for site, one in self.servers.items() if site != self.primary)

    def server(self, site: str) -> Server:
        """That site's. Raises DatabaseError when it holds none."""
        if site not in self.servers:
            raise DatabaseError(
                f"no base database was started at {site}",
                f"start it; it is held at {', '.join(self.plans)}",
            )
        return self.servers[site]

    def access(self, site: str, role: str) -> DatabaseAccess:
        """How a role of the plan reaches that site's server. Raises DatabaseError."""
        known = {one.name for one in self.plans[site].roles} if site in self.plans else set()
        if role not in known:
            raise DatabaseError(f"the plan has no role {role} at {site}", "name one that it has")
        return self._access(self._places[site].address, role)

    def prepare(self) -> None:
        """Makes certificates, passwords and the servers' values; starts nothing."""
        missing = [site for site in self.plans if site not in self._places]
        if missing:
            raise DatabaseError(
                f"{', '.join(missing)} has no place to be at", "give each holder its address"
            )
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._account = account()
        for site, plan in self.plans.items():
            self._keys[site] = self._certificate(site, plan, self._places[site].address)
            self.servers[site] = self._new_server(site, self._account)

    def lead(self, site: str) -> None:
        """From now on that site leads; whoever did cannot be booted to."""
        write_whole(self._record, "".join(f"{one}\n" for one in (*self.leaders, site)).encode())
        for holder in self.plans:
            self._write_archive_config(holder)

    def settings(self, site: str, *, is_confirmed: bool = True) -> Settings:
        """As that site's server is to be now; with `is_confirmed` as the plan's `synchronous`."""
        plan = self.plans[site]
        return Settings(
            plan=plan,
            folder=self._folder / site,
            address=self._places[site].address,
            port=PORT,
            keys=self._keys[site],
            ca_file=self._authority.ca_file,
            standbys=_standbys(plan) if is_confirmed else "",
            following=None if site == self.primary else self.following(site, self.primary),
            archive_command=self._archive_command(site),
            restore_command=restore_command(self.archive_config(site)) if self._archive else "",
        )

    def following(self, site: str, leader: str) -> Following:
        """How that site's server follows the leader's."""
        return Following(
            host=self._places[leader].address,
            port=PORT,
            application=self.plans[site].name,
            ca_file=self._authority.ca_file,
            pass_file=self._folder / site / "pgpass",
        )

    def passwords(self) -> dict[str, str]:
        """Of the plan's roles and of replication."""
        names = [role.name for role in self.plans[self.primary].roles]
        files = {name: self._password_file(name) for name in (*names, REPLICATION_ROLE)}
        return {name: file.read_text("utf-8") for name, file in files.items()}

    def clear(self) -> None:
        """Removes what an unfinished foundation left."""
        for site in self.plans:
            shutil.rmtree(self._folder / site / "data", ignore_errors=True)

    @property
    def archived(self) -> tuple[str, ...]:
        """The sites whose WAL is archived."""
        return tuple(site for site in self.plans if site in self._archive)

    def new_restored(self, folder: Path, at: Place, until: str) -> Server:
        """A server that will be made in `folder` out of an archive, and go with nobody."""
        who = self._require_account()
        who.folder(folder)
        who.folder(folder / "log")
        plan = self.plans[self.primary]
        settings = Settings(
            plan=plan,
            folder=folder,
            address=at.address,
            port=PORT,
            keys=self._certificate(f"restored-{at.site}", plan, at.address),
            ca_file=self._authority.ca_file,
            restore_command=restore_command(folder / "archive.json"),
            recover_until=until,
        )
        return Server(
            settings=settings,
            place=at,
            supervisor=self._supervisor,
            account=who,
            programs=self._programs,
            access=self._access(at.address, SUPERUSER),
        )

    def own(self, path: Path) -> None:
        """Gives a file to whom the servers run as."""
        self._require_account().own(path)

    def archive_config(self, site: str) -> Path:
        """The configuration of the archive's program there."""
        return self._folder / site / "archive.json"

    @contextmanager
    def without_archives(self) -> Iterator[None]:
        """Meanwhile no server waits for what lies at a site that may be lost."""
        files = [restores_off(self.archive_config(site)) for site in self.plans]
        try:
            for file in files:
                file.touch()
            yield
        finally:
            for file in files:
                file.unlink(missing_ok=True)

    def sources(self, sites: Sequence[str] = ()) -> tuple[Source, ...]:
        """The archives of those sites, or of all that have led; the last of them comes first.

        Never another's: should one have led without having been promoted, its archive would take
        the others away onto a timeline that nobody else has.
        """
        wanted = dict.fromkeys(reversed(self.leaders or (self.primary,)))
        found = (self._source(site) for site in wanted if not sites or site in sites)
        return tuple(source for source in found if source is not None)

    async def ask(self, site: str) -> Standing | None:
        """How that server stands; None when it does not say."""
        try:
            return await standing(site, self.server(site).access)
        except DatabaseError:
            return None

    @property
    def _record(self) -> Path:
        return self._folder / "primary"

    def _require_account(self) -> Account:
        if self._account is None:
            raise DatabaseError("the base database has not been started", "start it first")
        return self._account

    def _access(self, address: str, role: str) -> DatabaseAccess:
        return DatabaseAccess(
            host=address,
            port=PORT,
            user=role,
            password_file=self._password_file(role),
            ca_file=self._authority.ca_file,
        )

    def _certificate(self, name: str, plan: DatabasePlan, address: str) -> KeyPair:
        return self._authority.issue(
            f"database-{name}", dns=(plan.name,), addresses=(address,), server=True
        )

    def _new_server(self, site: str, who: Account) -> Server:
        settings = self.settings(site)
        who.folder(settings.folder)
        who.folder(settings.folder / "log")
        password = self._password_file(REPLICATION_ROLE).read_text("utf-8")
        pass_file = self.following(site, site).pass_file
        pass_file.write_text(f"*:*:*:{REPLICATION_ROLE}:{password}\n", "utf-8")
        who.own(pass_file)
        self._write_archive_config(site)
        return Server(
            settings=settings,
            place=self._places[site],
            supervisor=self._supervisor,
            account=who,
            programs=self._programs,
            access=self._access(self._places[site].address, SUPERUSER),
        )

    def _write_archive_config(self, site: str) -> None:
        """It writes to its own archive, and reads that of who leads alone."""
        config = ArchiveConfig(own=self._source(site), sources=self.sources((self.primary,)))
        self.own(config.write(self.archive_config(site)))

    def _source(self, site: str) -> Source | None:
        store, plan = self._archive.get(site), self.plans[site].archive
        if store is None:
            return None
        return Source(
            endpoint=store.endpoint,
            ca_file=store.ca_file,
            access_key=store.access_key,
            secret_key_file=store.secret_key_file,
            zonegroup=store.zonegroup,
            bucket=plan.bucket.bucket,
            cluster=plan.cluster,
        )

    def _archive_command(self, site: str) -> str:
        if site not in self._archive:
            return ""
        return _program("put-wal", self.archive_config(site), "%p", "%f")

    def _password_file(self, role: str) -> Path:
        return password_file(self._folder / "passwords", role)


def restores_off(config: Path) -> Path:
    """While this file is there, the archive of that configuration is not asked for WAL."""
    return config.with_suffix(".off")


def restore_command(config: Path) -> str:
    """What a server gets WAL back by.

    Whoever is promoted, or follows another, asks for WAL and for timelines some times more by the
    command that it began with, whatever its settings say since: the file answers at once.
    """
    off = shlex.quote(str(restores_off(config))).replace("%", "%%")
    return f"test ! -e {off} && {_program('get-wal', config, '%f', '%p')}"


def _program(action: str, config: Path, *names: str) -> str:
    """The archive's program as PostgreSQL's shell starts it; `%` stands for itself in paths."""
    fixed = shlex.join((*ARCHIVE_PROGRAM, action, str(config))).replace("%", "%%")
    return " ".join((fixed, *(f'"{name}"' for name in names)))


def _standbys(plan: DatabasePlan) -> str:
    """`synchronous_standby_names`: any so many of the others; none where the plan says none."""
    if plan.synchronous.number == 0:
        return ""
    names = ", ".join(f'"{cluster}"' for cluster in plan.synchronous.clusters)
    return f"ANY {plan.synchronous.number} ({names})"
