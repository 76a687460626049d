"""The servers of all holders, which of them leads, and how each is configured for that."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from infra.plan.stateful import DatabasePlan
from processes.supervisor import Supervisor
from rehearsal.database.account import Account, account
from rehearsal.database.client import SUPERUSER, DatabaseAccess
from rehearsal.database.errors import DatabaseError
from rehearsal.database.passwords import password_file
from rehearsal.database.server import Server
from rehearsal.database.settings import REPLICATION_ROLE, Following, Settings
from rehearsal.database.standing import Standing, standing
from rehearsal.pki import Authority, KeyPair
from rehearsal.place import Place

PORT = 5432


class Holders:
    """One server a site, made by `prepare` as values; and who leads, in a file."""

    def __init__(
        self,
        *,
        folder: Path,
        supervisor: Supervisor,
        plans: Mapping[str, DatabasePlan],
        places: Sequence[Place],
        authority: Authority,
        programs: Mapping[str, Path],
    ) -> None:
        """`plans` are by site. Of `places` those count that hold the database."""
        self.plans = dict(plans)
        self.servers: dict[str, Server] = {}
        self._folder = folder.absolute()
        self._supervisor = supervisor
        self._places = {place.site: place for place in places}
        self._authority = authority
        self._programs = programs
        self._keys: dict[str, KeyPair] = {}

    @property
    def is_founded(self) -> bool:
        """Whether there has been a primary."""
        return self._record.exists()

    @property
    def primary(self) -> str:
        """The site that takes writes, or did until it was lost; at first that of the plan."""
        with suppress(OSError):
            return self._record.read_text("utf-8").strip()
        return next(site for site, plan in self.plans.items() if plan.primary == plan.name)

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
        return self._access(site, role)

    def prepare(self) -> None:
        """Makes certificates, passwords and the servers' values; starts nothing."""
        missing = [site for site in self.plans if site not in self._places]
        if missing:
            raise DatabaseError(
                f"{', '.join(missing)} has no place to be at", "give each holder its address"
            )
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        who = account()
        for site, plan in self.plans.items():
            self._keys[site] = self._certificate(site, plan)
            self.servers[site] = self._new_server(site, who)

    def lead(self, site: str) -> None:
        """From now on that site leads; whoever did cannot be booted to."""
        new = self._record.with_suffix(".new")
        new.write_text(f"{site}\n", "utf-8")
        new.replace(self._record)

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
            following=self.following(site, self.primary),
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

    async def ask(self, site: str) -> Standing | None:
        """How that server stands; None when it does not say."""
        try:
            return await standing(site, self.server(site).access)
        except DatabaseError:
            return None

    @property
    def _record(self) -> Path:
        return self._folder / "primary"

    def _access(self, site: str, role: str) -> DatabaseAccess:
        return DatabaseAccess(
            host=self._places[site].address,
            port=PORT,
            user=role,
            password_file=self._password_file(role),
            ca_file=self._authority.ca_file,
        )

    def _certificate(self, site: str, plan: DatabasePlan) -> KeyPair:
        address = self._places[site].address
        return self._authority.issue(
            f"database-{site}", dns=(plan.name,), addresses=(address,), server=True
        )

    def _new_server(self, site: str, who: Account) -> Server:
        settings = self.settings(site)
        who.folder(settings.folder)
        who.folder(settings.folder / "log")
        password = self._password_file(REPLICATION_ROLE).read_text("utf-8")
        pass_file = self.following(site, site).pass_file
        pass_file.write_text(f"*:*:*:{REPLICATION_ROLE}:{password}\n", "utf-8")
        who.own(pass_file)
        return Server(
            settings=settings,
            place=self._places[site],
            supervisor=self._supervisor,
            account=who,
            programs=self._programs,
            access=self._access(site, SUPERUSER),
        )

    def _password_file(self, role: str) -> Path:
        return password_file(self._folder / "passwords", role)


def _standbys(plan: DatabasePlan) -> str:
    """`synchronous_standby_names`: any so many of the others; none where the plan says none."""
    if plan.synchronous.number == 0:
        return ""
    names = ", ".join(f'"{cluster}"' for cluster in plan.synchronous.clusters)
    return f"ANY {plan.synchronous.number} ({names})"
