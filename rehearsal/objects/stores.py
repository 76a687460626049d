"""All sites' object stores together: one realm, a zone's objects copied as the plan says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from infra.plan.object_store import ObjectStorePlan, ZoneGroupPlan, ZonePlan
from processes.supervisor import Supervisor
from rehearsal.objects.access import Keys, ObjectAccess
from rehearsal.objects.admin import Admin
from rehearsal.objects.cluster import Cluster
from rehearsal.objects.config import SiteSettings
from rehearsal.objects.door import Door
from rehearsal.objects.errors import ObjectStoreError
from rehearsal.objects.layout import StoreLayout, lay_out
from rehearsal.objects.programs import require
from rehearsal.objects.realm import zone_text, zonegroup_text
from rehearsal.pki import Authority, KeyPair
from rehearsal.place import Place

DISK_BYTES = 4 * 2**30
"""Of each site's disk. Its file takes only as much of the machine's disk as is written."""
READY_SECONDS = 120.0
_POLL_SECONDS = 0.1


class ObjectStores:
    """The realm at those places. Zones that the plan has elsewhere do not exist here."""

    def __init__(  # noqa: PLR0913 - all that the stores are made of, each with its own name
        self,
        folder: Path,
        supervisor: Supervisor,
        plan: ObjectStorePlan,
        places: Sequence[Place],
        authority: Authority,
        programs: Mapping[str, Path],
        *,
        disk_bytes: int = DISK_BYTES,
    ) -> None:
        """Raises ObjectStoreError when a program is missing or no place is the master's."""
        require(programs)
        self._plan = plan
        self._folder = folder.absolute()
        self._authority = authority
        self._layouts = lay_out(self._folder, plan, places)
        self._require_master()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._system = Keys.made(self._folder, plan.system_user)
        self._client = Keys.made(self._folder, f"{plan.realm}-client")
        self._clusters = {
            site: Cluster(self._settings(layout, disk_bytes), programs, supervisor)
            for site, layout in self._layouts.items()
        }
        self._admins = {
            site: Admin(layout, programs["radosgw-admin"], supervisor)
            for site, layout in self._layouts.items()
        }

    @property
    def zones(self) -> tuple[ZonePlan, ...]:
        """Those that lie at the places, in the plan's order."""
        here = {zone for layout in self._layouts.values() for zone in layout.zones}
        return tuple(zone for zone in self._plan.zones if zone in here)

    def access(self, zone_name: str) -> ObjectAccess:
        """How a client of the platform reads and writes there. Raises ObjectStoreError."""
        zone = self._zone(zone_name)
        return ObjectAccess(
            endpoint=self._layouts[zone.site].endpoint(zone),
            ca_file=self._authority.ca_file,
            access_key=self._client.access_key,
            secret_key_file=self._client.secret_key_file,
            zonegroup=zone.zonegroup,
        )

    async def start(self) -> None:
        """Everything anew: clusters, realm, gateways; until each zone knows the platform's key.

        Raises ObjectStoreError or ProcessError. What was started stays for `stop()` to end.
        """
        await asyncio.gather(*(self._make(cluster) for cluster in self._clusters.values()))
        main = self._plan.master.site
        realm_id = await self._found_realm()
        await self._start_gateways(main)
        others = [site for site in self._layouts if site != main]
        await asyncio.gather(*(self._join(site, realm_id) for site in others))
        await asyncio.gather(*(self._knows(zone, self._client) for zone in self.zones))

    async def stop(self) -> None:
        """Ends everything in order; what was stored stays where it is."""
        await asyncio.gather(*(cluster.stop() for cluster in self._clusters.values()))

    def _require_master(self) -> None:
        site = self._plan.master.site
        if site not in self._layouts:
            raise ObjectStoreError(
                f"no place for {site}, where the realm {self._plan.realm} is made", "give it one"
            )

    def _settings(self, layout: StoreLayout, disk_bytes: int) -> SiteSettings:
        return SiteSettings(
            layout=layout,
            plan=self._plan,
            cluster=uuid4(),
            disk_bytes=disk_bytes,
            certificates={zone.name: self._certificate(layout, zone) for zone in layout.zones},
        )

    def _certificate(self, layout: StoreLayout, zone: ZonePlan) -> KeyPair:
        return self._authority.issue(
            f"objects-{zone.name}",
            dns=(zone.hostname, zone.sync_hostname),
            addresses=(layout.place.address,),
            server=True,
        )

    async def _make(self, cluster: Cluster) -> None:
        await cluster.make()
        cluster.trust(self._authority.ca_file)
        await cluster.boot()

    async def _found_realm(self) -> str:
        """The realm, its zonegroups and users, at the main center. Gives the realm's id."""
        admin = self._admins[self._plan.master.site]
        realm = await admin.ask("realm", "create", f"--rgw-realm={self._plan.realm}", "--default")
        for group in self._groups():
            text = zonegroup_text(group, self._plan, realm["id"], self._endpoints())
            await admin.put("zonegroup", text, f"--rgw-zonegroup={group.name}")
        await self._set_zones(self._plan.master.site, realm["id"])
        names = self._names(self._plan.master)
        await admin.ask("period", "update", "--commit", *names)
        await self._make_users(admin, names)
        return str(realm["id"])

    async def _make_users(self, admin: Admin, names: Sequence[str]) -> None:
        for keys, more in ((self._system, ("--system",)), (self._client, ())):
            user = (f"--uid={keys.access_key}", f"--display-name={keys.access_key}")
            await admin.ask("user", "create", *user, *more, *names, keys=keys)

    async def _join(self, site: str, realm_id: str) -> None:
        """Another site gets the realm and comes up with its zones."""
        master = self._plan.master
        url = f"--url={self._layouts[master.site].endpoint(master)}"
        await self._admins[site].ask("realm", "pull", url, "--default", keys=self._system)
        await self._set_zones(site, realm_id)
        await self._start_gateways(site)

    async def _set_zones(self, site: str, realm_id: str) -> None:
        for zone in self._layouts[site].zones:
            text = zone_text(zone, realm_id, self._system)
            await self._admins[site].put("zone", text, *self._names(zone))

    async def _start_gateways(self, site: str) -> None:
        cluster = self._clusters[site]
        for zone in self._layouts[site].zones:
            await cluster.start_gateway(zone.name)
        await asyncio.gather(
            *(self._knows(zone, self._system) for zone in self._layouts[site].zones)
        )

    async def _knows(self, zone: ZonePlan, keys: Keys) -> None:
        """Waits until the zone answers to those keys."""
        door = Door(zone.name, self.access(zone.name), keys)
        await self._until(zone.site, door.require_known)

    async def _until(self, site: str, done: Callable[[], Awaitable[None]]) -> None:
        """Again and again until it raises no ObjectStoreError; then its last one is raised."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                return await done()
            except ObjectStoreError:
                self._clusters[site].require_alive()
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(_POLL_SECONDS)

    def _names(self, zone: ZonePlan) -> tuple[str, ...]:
        return (f"--rgw-zonegroup={zone.zonegroup}", f"--rgw-zone={zone.name}")

    def _groups(self) -> tuple[ZoneGroupPlan, ...]:
        """Zonegroups whose master zone is at one of the places."""
        return tuple(one for one in self._plan.zonegroups if one.master.site in self._layouts)

    def _endpoints(self) -> dict[str, str]:
        return {zone.name: self._layouts[zone.site].endpoint(zone) for zone in self.zones}

    def _zone(self, name: str) -> ZonePlan:
        found = next((zone for zone in self.zones if zone.name == name), None)
        if found is None:
            known = ", ".join(zone.name for zone in self.zones)
            raise ObjectStoreError(f"there is no zone {name} here", f"one of {known}")
        return found
