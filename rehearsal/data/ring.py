"""Which sites the data world has, what each of them holds, and in which buckets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from infra.plan.database import plan_database
from infra.plan.object_store import ObjectStorePlan, ZonePlan, plan_object_store
from infra.plan.stateful import BucketPlan, DatabasePlan
from province.holdings import Engine
from province.province import Province
from rehearsal.data.errors import DataError

PARTNERS = 2
LOOPBACK = IPv4Network("127.60.0.0/16")
"""Where the sites are without links: site number i, from 0, has 127.60.(i+1).1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ring:
    """The sites, the main one first, and the plans of what they hold.

    `buckets` are by site: one for each class of data that is kept as objects. Of `versioned`, what
    was overwritten or deleted stays.
    """

    sites: tuple[str, ...]
    objects: ObjectStorePlan
    databases: Mapping[str, DatabasePlan]
    buckets: Mapping[str, tuple[str, ...]]
    versioned: frozenset[str]

    @property
    def archives(self) -> Mapping[str, BucketPlan]:
        """Where each site's WAL and base backups go: its partner's own store, if that is here."""
        kept = {site: plan.archive.bucket for site, plan in self.databases.items()}
        return {site: bucket for site, bucket in kept.items() if bucket.kept_at in self.sites}

    def zones(self, zonegroup: str) -> tuple[ZonePlan, ...]:
        """The zones of that site's objects that are in the world, its own first."""
        return tuple(
            zone
            for group in self.objects.zonegroups
            if group.name == zonegroup
            for zone in group.zones
            if zone.site in self.sites
        )

    def partner(self, site: str) -> str:
        """Who has the site's objects as well; the site itself where nobody in the world has."""
        return self.zones(site)[-1].site

    def require(self, site: str) -> None:
        """Raises DataError when the site is not in the world."""
        if site not in self.sites:
            raise DataError(
                f"the data world has no site '{site}'", f"sites are: {', '.join(self.sites)}"
            )


def plan_ring(province: Province, partners: int = PARTNERS) -> Ring:
    """The main site, so many that follow it on the ring of backups, and all who hold the database.

    Raises DataError when the province has no database, PlanError when it cannot be planned.
    """
    data = province.data
    if data is None:
        raise DataError("the province keeps no data", "describe them in the province file: data")
    followed = [province.main.id]
    for _ in range(partners):
        followed.append(province.site(followed[-1]).backup_partner)
    sites = tuple(dict.fromkeys((*followed, *data.database.holders)))
    plans = {
        site: plan_database(province, data, province.site(site), makes_archives=True)
        for site in sites
    }
    kept = [holding for holding in province.holdings if holding.engine is Engine.OBJECTS]
    return Ring(
        sites=sites,
        objects=plan_object_store(province),
        databases={site: plan for site, plan in plans.items() if plan is not None},
        buckets={site: tuple(bucket_name(one.id, site) for one in kept) for site in sites},
        versioned=frozenset(one.id for one in kept if one.versions > 1),
    )


def bucket_name(holding: str, site: str) -> str:
    """Names of buckets are the realm's, so the site is in them."""
    return f"{holding}-{site}"


def holding_of(bucket: str) -> str:
    """The class of data that a bucket is of."""
    return bucket.partition("-")[0]
