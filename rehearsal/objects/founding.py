"""The realm over all sites: founded at the main center, joined by others, handed over.

The whole realm is written down and committed once, before any gateway runs. Other sites then pull
it and find themselves in it; nothing has to be committed from afar, one site after another, each
time with all gateways coming up anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from infra.plan.object_store import ObjectStorePlan, ZoneGroupPlan, ZonePlan
from rehearsal.objects.access import Keys
from rehearsal.objects.admin import Admin
from rehearsal.objects.layout import StoreLayout
from rehearsal.objects.realm import zone_text, zonegroup_text


class Realm:
    """What the sites' clusters know of the realm, and who is master in it now."""

    def __init__(
        self,
        plan: ObjectStorePlan,
        layouts: Mapping[str, StoreLayout],
        admins: Mapping[str, Admin],
        system: Keys,
    ) -> None:
        self._plan = plan
        self._layouts = layouts
        self._admins = admins
        self._system = system
        self._id = ""
        self.zonegroups: Mapping[str, ZoneGroupPlan] = {
            group.name: group for group in plan.zonegroups if group.master.site in layouts
        }
        self.masters = {name: group.master for name, group in self.zonegroups.items()}

    @property
    def master(self) -> ZonePlan:
        """The zone where users and buckets are made, and periods committed."""
        return self.masters[self._plan.master.zonegroup]

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Every zone's that is here, by its name."""
        return {
            zone.name: layout.endpoint(zone)
            for layout in self._layouts.values()
            for zone in layout.zones
        }

    async def found(self, users: Sequence[Keys]) -> None:
        """The realm, with its system user and those users. Raises ObjectStoreError."""
        site = self.master.site
        admin = self._admins[site]
        told = await admin.ask("realm", "create", f"--rgw-realm={self._plan.realm}", "--default")
        self._id = str(told["id"])
        for name in self.zonegroups:
            await self._write_zonegroup(site, name, self.masters[name])
        await self._write_zones(site)
        await self._commit(site, self.master)
        await self._make_user(self._system, "--system")
        for keys in users:
            await self._make_user(keys)

    async def join(self, site: str) -> None:
        """Another site gets the realm, and its own zones with the system user's keys."""
        await self.pull(site)
        await self._write_zones(site)

    async def pull(self, site: str) -> None:
        """The realm as its master has it now. Raises ObjectStoreError."""
        url = f"--url={self.endpoints[self.master.name]}"
        await self._admins[site].ask("realm", "pull", url, "--default", keys=self._system)

    async def hand_over(self, zonegroup: str, zone: ZonePlan, *, force: bool) -> None:
        """Makes the zone its zonegroup's master, by a new period. Raises ObjectStoreError.

        The period is committed by whoever is the realm's master after it. `force` does so though
        that zone has not got all of the realm's users and buckets.
        """
        is_realms = zonegroup == self._plan.master.zonegroup
        master = zone if is_realms else self.master
        await self._write_zonegroup(master.site, zonegroup, zone)
        await self._commit(master.site, master, force=force)
        self.masters[zonegroup] = zone

    async def _commit(self, site: str, master: ZonePlan, *, force: bool = False) -> None:
        more = ("--yes-i-really-mean-it",) if force else ()
        await self._admins[site].ask("period", "update", "--commit", *_names(master), *more)

    async def _make_user(self, keys: Keys, *more: str) -> None:
        user = (f"--uid={keys.access_key}", f"--display-name={keys.access_key}")
        admin = self._admins[self.master.site]
        await admin.ask("user", "create", *user, *more, *_names(self.master), keys=keys)

    async def _write_zonegroup(self, site: str, name: str, master: ZonePlan) -> None:
        is_realms = name == self._plan.master.zonegroup
        group = self.zonegroups[name]
        text = zonegroup_text(group, master, self._id, self.endpoints, is_realms=is_realms)
        await self._admins[site].put("zonegroup", text, f"--rgw-zonegroup={name}")

    async def _write_zones(self, site: str) -> None:
        for zone in self._layouts[site].zones:
            text = zone_text(zone, self._id, self._system)
            await self._admins[site].put("zone", text, *_names(zone))


def _names(zone: ZonePlan) -> tuple[str, ...]:
    return (f"--rgw-zonegroup={zone.zonegroup}", f"--rgw-zone={zone.name}")
