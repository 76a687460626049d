"""The province's one object store: which zones there are, where they lie, and by what names.

Ceph replicates all objects of a zonegroup to each of its zones. So that each object lies at its
own site and at one partner, and not at all of them, every site has a zonegroup of its own, with
two zones: one at the site, and one at its backup partner. Users and the names of buckets belong to
the realm, and are known everywhere.

Both who makes the Rook objects and who runs Ceph itself read these values, and no others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from infra.plan.errors import PlanError
from province.province import Province
from province.sites import Site

_STORE_LETTERS_MAX = 43
"""Rook puts 20 more around a store's name (`rook-ceph-rgw-<name>-nnn-`), and labels hold 63."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ZonePlan:
    """All objects of one zonegroup, at one site.

    Users come to `endpoint`. `sync_endpoint` is answered by the one gateway that replicates.
    """

    name: str
    zonegroup: str
    site: str
    hostname: str
    sync_hostname: str

    @property
    def endpoint(self) -> str:
        """Where clients read and write."""
        return f"https://{self.hostname}"

    @property
    def sync_endpoint(self) -> str:
        """Where other zones fetch from."""
        return f"https://{self.sync_hostname}"

    @property
    def sync_store(self) -> str:
        """The Rook store with the sync gateway; the clients' has the zone's own name."""
        return f"{self.name}-sync"


@dataclass(frozen=True, kw_only=True, slots=True)
class ZoneGroupPlan:
    """The objects of one site, after which it is called, and their copy; the master zone first.

    A bucket is made in the zonegroup that its `LocationConstraint` names.
    """

    name: str
    zones: tuple[ZonePlan, ...]

    @property
    def master(self) -> ZonePlan:
        """The zone at the site itself, which takes the writes first."""
        return self.zones[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectStorePlan:
    """The realm, or that part of it that one site has. The province's own zonegroup is its master.

    Rook calls the system user and the Secret with its keys after the realm. That Secret is made at
    the main center by Rook, and put at each other site by whoever holds the keys.
    """

    realm: str
    master: ZonePlan
    zonegroups: tuple[ZoneGroupPlan, ...]

    @property
    def system_user(self) -> str:
        """As whom zones talk with each other."""
        return f"{self.realm}-system-user"

    @property
    def keys_secret(self) -> str:
        """The Secret with `access-key` and `secret-key`."""
        return f"{self.realm}-keys"

    @property
    def platform_user(self) -> str:
        """As whom the platform's programs read and write what people keep."""
        return f"{self.realm}-client"

    @property
    def archive_user(self) -> str:
        """As whom a database archives: the owner of those buckets, and of no others."""
        return f"{self.realm}-archive"

    @property
    def users(self) -> tuple[str, ...]:
        """Whose keys programs have; none of them has a power over the realm."""
        return (self.platform_user, self.archive_user)

    @property
    def zones(self) -> tuple[ZonePlan, ...]:
        """Of all zonegroups."""
        return tuple(zone for group in self.zonegroups for zone in group.zones)

    def zones_at(self, site: str) -> tuple[ZonePlan, ...]:
        """What lies at that site: its own objects first, then those that it keeps for others."""
        found = (zone for zone in self.zones if zone.site == site)
        return tuple(sorted(found, key=lambda zone: zone.zonegroup != site))

    def at(self, site: str) -> ObjectStorePlan:
        """The part that has to do with that site: every zonegroup with a zone there."""
        names = [zone.zonegroup for zone in self.zones_at(site)]
        groups = {group.name: group for group in self.zonegroups}
        return replace(self, zonegroups=tuple(groups[name] for name in names))

    def pulled_from(self, site: str) -> str | None:
        """Where that site gets the realm from; None where it is made."""
        return None if self.master.site == site else self.master.sync_endpoint


def plan_object_store(province: Province) -> ObjectStorePlan:
    """The whole realm. Raises PlanError for a site whose name is too long for its zones'."""
    domain = province.platform.domain
    copies = province.storage.object_copies
    groups = tuple(_zonegroup(site, domain, copies=copies) for site in province.sites)
    master = next(group.master for group in groups if group.name == province.main.id)
    return ObjectStorePlan(realm=province.id, master=master, zonegroups=groups)


def _zonegroup(site: Site, domain: str, *, copies: bool) -> ZoneGroupPlan:
    own = _zone(site.id, site.id, site.id, domain)
    copy = _zone(f"{site.id}-at-{site.backup_partner}", site.id, site.backup_partner, domain)
    for zone in (own, copy):
        if len(zone.sync_store) > _STORE_LETTERS_MAX:
            raise PlanError(
                f"the store {zone.sync_store} would have {len(zone.sync_store)} letters of "
                f"{_STORE_LETTERS_MAX}",
                f"give {site.id} or {site.backup_partner} a shorter id",
            )
    return ZoneGroupPlan(name=site.id, zones=(own, copy) if copies else (own,))


def _zone(name: str, zonegroup: str, site: str, domain: str) -> ZonePlan:
    return ZonePlan(
        name=name,
        zonegroup=zonegroup,
        site=site,
        hostname=f"objects.{name}.{domain}",
        sync_hostname=f"sync.objects.{name}.{domain}",
    )
