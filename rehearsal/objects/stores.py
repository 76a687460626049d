"""All sites' object stores together: one realm, a zone's objects copied as the plan says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from uuid import uuid4

from infra.plan.object_store import ObjectStorePlan, ZonePlan
from processes.supervisor import Supervisor
from rehearsal.objects import probe, replication
from rehearsal.objects.access import Keys, ObjectAccess
from rehearsal.objects.admin import Admin
from rehearsal.objects.cluster import Cluster
from rehearsal.objects.config import SiteSettings
from rehearsal.objects.door import Door
from rehearsal.objects.errors import ObjectStoreError
from rehearsal.objects.founding import Realm
from rehearsal.objects.layout import StoreLayout, lay_out
from rehearsal.objects.programs import require
from rehearsal.objects.versions import keep, require_kept
from rehearsal.pki import Authority, KeyPair
from rehearsal.place import Place

DISK_BYTES = 4 * 2**30
"""Of each site's disk. Its file takes only as much of the machine's disk as is written."""
READY_SECONDS = 120.0
PROMOTION_SECONDS = 10.0
"""How long a copy that is to be promoted may take to catch up."""
_POLL_SECONDS = 0.1


class ObjectStores:
    """The realm at those places. Zones that the plan has elsewhere do not exist here.

    Every method raises ObjectStoreError, with the reason, when it cannot or must not do it.
    """

    def __init__(  # noqa: PLR0913 - all that the stores are made of, each with its own name
        self,
        folder: Path,
        supervisor: Supervisor,
        plan: ObjectStorePlan,
        places: Sequence[Place],
        authority: Authority,
        programs: Mapping[str, Path],
        *,
        buckets: Mapping[str, str] | None = None,
        disk_bytes: int = DISK_BYTES,
    ) -> None:
        """`buckets` are there when `start()` ends: their zonegroups by their names."""
        require(programs)
        self._authority = authority
        self._layouts = lay_out(folder.absolute(), plan, places)
        if plan.master.site not in self._layouts:
            raise ObjectStoreError(
                f"no place for {plan.master.site}, where {plan.realm} is founded", "give it one"
            )
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._system = Keys.made(folder.absolute(), plan.system_user)
        self._platform = plan.platform_user
        self._users = {user: Keys.made(folder.absolute(), user) for user in plan.users}
        self._buckets = dict(buckets or {})
        self._clusters = {
            site: Cluster(self._settings(plan, layout, disk_bytes), programs, supervisor)
            for site, layout in self._layouts.items()
        }
        admins = {
            site: Admin(layout, programs["radosgw-admin"], supervisor)
            for site, layout in self._layouts.items()
        }
        self._uninformed: set[str] = set()
        self._deaf: set[str] = set()
        self._realm = Realm(plan, self._layouts, admins, self._system)

    @property
    def zones(self) -> tuple[ZonePlan, ...]:
        """Those that lie at the places, each site's own before those that it keeps."""
        return tuple(zone for layout in self._layouts.values() for zone in layout.zones)

    @property
    def masters(self) -> Mapping[str, str]:
        """The zone that is each zonegroup's master now."""
        return {name: zone.name for name, zone in self._realm.masters.items()}

    def access(self, zone_name: str, user: str | None = None) -> ObjectAccess:
        """How the platform reads and writes there; with `user`, how that user of the plan does."""
        zone, keys = self._zone(zone_name), self._users[user or self._platform]
        return ObjectAccess(
            endpoint=self._layouts[zone.site].endpoint(zone),
            ca_file=self._authority.ca_file,
            access_key=keys.access_key,
            secret_key_file=keys.secret_key_file,
            zonegroup=zone.zonegroup,
        )

    async def start(self) -> None:
        """Everything anew; until an object written at each master is read, the same, at its copy.

        What was started stays for `stop()` to end, also when it fails.
        """
        await asyncio.gather(*(self._make(cluster) for cluster in self._clusters.values()))
        await self._realm.found(tuple(self._users.values()))
        await self._start_gateway(self._realm.master)
        await asyncio.gather(*(self._realm.join(layout.place.site) for layout in self._away()))
        # A copy's gateway that finds its source not up yet asks again only after up to 30 seconds.
        await asyncio.gather(*(self._start_gateway(layout.zones[0]) for layout in self._away()))
        copies = [zone for layout in self._layouts.values() for zone in layout.zones[1:]]
        await asyncio.gather(*(self._start_gateway(zone) for zone in copies))
        probes = {probe.bucket(name): name for name in self._realm.zonegroups}
        for bucket, zonegroup in {**probes, **self._buckets}.items():
            await self.make_bucket(bucket, zonegroup)
        await asyncio.gather(*(self._prove(name) for name in self._realm.zonegroups))

    async def stop(self) -> None:
        """Ends everything in order; what was stored stays where it is."""
        await asyncio.gather(*(cluster.stop() for cluster in self._clusters.values()))

    async def make_bucket(self, name: str, zonegroup: str, user: str | None = None) -> None:
        """A bucket of that user, known in all zones of its zonegroup when this returns.

        One that is made by S3 alone is known at other zonegroups' sites up to 20 seconds later:
        gateways tell of news within their own zonegroup, and ask elsewhere that often.
        """
        if zonegroup not in self._realm.zonegroups:
            raise ObjectStoreError(f"there is no zonegroup {zonegroup} here", "see `zones`")
        master = self._realm.masters[zonegroup]
        # Before it is told of the system user, the zone cannot ask the realm's master for it.
        await self._until(
            master.site, partial(probe.make_bucket, self.access(master.name, user), name)
        )
        for zone in self.zones:
            if zone.zonegroup == zonegroup and zone != self._realm.master:
                there = self.access(zone.name, user)
                await self._until(zone.site, partial(self._require_bucket, zone, there, name))

    async def keep_versions(self, bucket: str, zonegroup: str, user: str | None = None) -> None:
        """The bucket has versions, and its owner's keys remove none, at any of its zones."""
        master = self._realm.masters[zonegroup]
        await keep(self.access(master.name, user), bucket)
        for zone in self.zones:
            if zone.zonegroup == zonegroup:
                there = self.access(zone.name, user)
                await self._until(zone.site, partial(self._require_kept, zone, there, bucket))

    async def kill(self, site: str) -> None:
        """SIGKILL to everything at the site, at once."""
        await self._cluster(site).kill()

    async def boot(self, site: str) -> None:
        """What stood at the site comes back, with what it had acknowledged, and follows."""
        await self._cluster(site).boot()
        await self.start_gateways(site)

    async def kill_gateways(self, site: str) -> None:
        """SIGKILL to the site's gateways; its disk stays."""
        await self._cluster(site).kill_gateways()

    async def start_gateways(self, site: str) -> None:
        """Starts the site's gateways, and waits until they answer.

        Where they missed that another zone was made master, they learn of it before that.
        """
        cluster = self._cluster(site)
        if site in self._uninformed:
            await self._inform(site)
        await asyncio.gather(*(self._start_gateway(zone) for zone in cluster.layout.zones))

    async def stop_following(self, zone_name: str) -> None:
        """Its gateway fetches nothing any more, now and whenever it is started; nothing says so."""
        self._deaf.add(zone_name)
        await self._restart_gateway(self._zone(zone_name))

    async def follow_again(self, zone_name: str) -> None:
        """It goes on from where it was."""
        self._deaf.discard(zone_name)
        await self._restart_gateway(self._zone(zone_name))

    async def caught_up(self, zone_name: str, timeout_seconds: float) -> float:
        """Waits until the zone has all that its zonegroup's others had acknowledged.

        Gives the seconds that it took. An other that does not answer may have anything.
        """
        zone = self._zone(zone_name)
        began = time.monotonic()
        while lacking := await self._lacking(zone):
            if time.monotonic() - began > timeout_seconds:
                raise ObjectStoreError(
                    f"the zone {zone.name} has not caught up within {timeout_seconds:.0f} s: "
                    f"it lacks something of {', '.join(lacking)}",
                    "see whether the link to its source is cut, and whether its gateway runs",
                )
            await asyncio.sleep(_POLL_SECONDS)
        return time.monotonic() - began

    async def promote(self, zonegroup: str, zone_name: str, *, may_lose: bool = False) -> None:
        """Makes a copy its zonegroup's master; other gateways hear of it, or will when they can.

        Refused when the copy has not all of the master's objects, or the master cannot be asked
        about it, unless it is said that what is not there yet `may_lose`.
        """
        zone = self._zone(zone_name)
        self._require_promotable(zonegroup, zone)
        await self._door(zone).require_known()
        if not may_lose:
            await self._require_nothing_lost(zone)
        await self._realm.hand_over(zonegroup, zone, force=may_lose)
        await self._until(zone.site, partial(self._require_heard, zone))
        await asyncio.gather(*(self._note_heard(other) for other in self.zones))

    def _require_promotable(self, zonegroup: str, zone: ZonePlan) -> None:
        if zone.zonegroup != zonegroup:
            raise ObjectStoreError(
                f"{zone.name} is a zone of {zone.zonegroup}, not of {zonegroup}",
                f"promote one of {zonegroup}'s",
            )
        if self._realm.masters[zonegroup] == zone:
            raise ObjectStoreError(f"{zone.name} is {zonegroup}'s master already", "nothing to do")
        master = self._realm.master
        is_realms = master.zonegroup == zonegroup
        if not is_realms and not self._clusters[master.site].has_gateway(master):
            raise ObjectStoreError(
                f"{zone.name} cannot be promoted while the realm's master {master.name} is down",
                f"promote another zone of {master.zonegroup} first",
            )

    async def _require_nothing_lost(self, zone: ZonePlan) -> None:
        try:
            await self.caught_up(zone.name, PROMOTION_SECONDS)
        except ObjectStoreError as error:
            raise ObjectStoreError(
                f"{zone.name} is not promoted: {error.cause}",
                "wait until it has caught up, or say that what it lacks may be lost",
            ) from error

    async def _lacking(self, zone: ZonePlan) -> list[str]:
        """Buckets of which the zone lacks something; of the realm's users and buckets, those."""
        target, lacking = self._door(zone), []
        for other in self.zones:
            if other.zonegroup == zone.zonegroup and other != zone:
                source = self._door(other)
                lacking += await replication.buckets_behind(target, source, other)
                if other == self._realm.master and await replication.is_metadata_behind(
                    target, source
                ):
                    lacking.append("the realm's users and buckets")
        return lacking

    async def _note_heard(self, zone: ZonePlan) -> None:
        """Notes a site that is down or cut off: it has to be told when it comes back."""
        is_up = self._clusters[zone.site].has_gateway(zone)
        try:
            if is_up:
                await self._until(zone.site, partial(self._require_heard, zone), PROMOTION_SECONDS)
        except ObjectStoreError:
            is_up = False
        if not is_up:
            self._uninformed.add(zone.site)

    async def _inform(self, site: str) -> None:
        master = self._realm.master
        if not self._clusters[master.site].has_gateway(master):
            raise ObjectStoreError(
                f"{site} cannot learn who is master now: {master.name} does not run",
                f"boot {master.site} first",
            )
        await self._realm.pull(site)
        self._uninformed.discard(site)

    async def _require_bucket(self, zone: ZonePlan, there: ObjectAccess, bucket: str) -> None:
        """Tells the zone that there is news. Raises ObjectStoreError while it has not got it."""
        await replication.tell_news(self._door(zone))
        await Door(zone.name, there).ask(f"/{bucket}")

    async def _require_kept(self, zone: ZonePlan, there: ObjectAccess, bucket: str) -> None:
        """Tells the zone that there is news. Raises ObjectStoreError while it has not got it."""
        if zone != self._realm.master:
            await replication.tell_news(self._door(zone))
        await require_kept(there, bucket)

    async def _require_heard(self, zone: ZonePlan) -> None:
        """Raises ObjectStoreError while its gateway has other masters than we have."""
        heard = await replication.masters_known(self._door(zone))
        wrong = [
            name for name, master in self._realm.masters.items() if heard.get(name) != master.name
        ]
        if wrong:
            raise ObjectStoreError(
                f"the gateway of {zone.name} has not heard of {', '.join(wrong)}'s new master",
                f"stop and start the gateways of {zone.site}",
            )

    def _settings(
        self, plan: ObjectStorePlan, layout: StoreLayout, disk_bytes: int
    ) -> SiteSettings:
        return SiteSettings(
            layout=layout,
            plan=plan,
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

    def _away(self) -> list[StoreLayout]:
        """The sites other than where the realm is founded."""
        main = self._realm.master.site
        return [layout for site, layout in self._layouts.items() if site != main]

    async def _start_gateway(self, zone: ZonePlan) -> None:
        await self._clusters[zone.site].start_gateway(zone, is_deaf=zone.name in self._deaf)
        await self._until(zone.site, self._door(zone).require_known)

    async def _restart_gateway(self, zone: ZonePlan) -> None:
        """Unless it is down, and stays so."""
        cluster = self._clusters[zone.site]
        if cluster.has_gateway(zone):
            await cluster.stop_gateway(zone)
            await self._start_gateway(zone)

    async def _prove(self, zonegroup: str) -> None:
        """An object goes in at the master, and comes out the same wherever there is a copy."""
        content = probe.content()
        await probe.write(self.access(self.masters[zonegroup]), zonegroup, content)
        for zone in self.zones:
            if zone.zonegroup == zonegroup:
                read = partial(probe.require_read, self.access(zone.name), zonegroup, content)
                await self._until(zone.site, read)

    async def _until(
        self, site: str, done: Callable[[], Awaitable[object]], seconds: float = READY_SECONDS
    ) -> None:
        """Again and again until it raises no ObjectStoreError; in the end, its last one."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                await done()
            except ObjectStoreError:
                self._clusters[site].require_alive()
                if time.monotonic() > deadline:
                    raise
            else:
                return
            await asyncio.sleep(_POLL_SECONDS)

    def _door(self, zone: ZonePlan) -> Door:
        return Door(zone.name, self.access(zone.name), self._system)

    def _cluster(self, site: str) -> Cluster:
        if site not in self._clusters:
            known = ", ".join(self._clusters)
            raise ObjectStoreError(f"no object store at {site}", f"one of {known}")
        return self._clusters[site]

    def _zone(self, name: str) -> ZonePlan:
        found = next((zone for zone in self.zones if zone.name == name), None)
        if found is None:
            known = ", ".join(zone.name for zone in self.zones)
            raise ObjectStoreError(f"there is no zone {name} here", f"one of {known}")
        return found
