"""What a platform process at a site works with, of the data world. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rehearsal.data.errors import DataError
from rehearsal.data.ring import Ring, bucket_name
from rehearsal.database.client import DatabaseAccess
from rehearsal.objects.access import ObjectAccess
from rehearsal.platform.engines import DatabaseAt, Engines, SiteObjects, ZoneAt

SUBMISSIONS = "submissions"
RESOURCES = "resources"


def engines(
    ring: Ring,
    near: str,
    database: Callable[[str], DatabaseAccess],
    zone: Callable[[str], ObjectAccess],
) -> Engines:
    """Everything of the ring, the nearest first. `database` is by site, `zone` by zone.

    For a site that is not in the ring the main one is the nearest. Raises DataError when the
    province keeps no resources or no submissions.
    """
    return Engines(
        near=near,
        databases=tuple(
            DatabaseAt(site=site, access=database(site))
            for site in _nearest_first(tuple(ring.databases), near)
        ),
        stores=tuple(_objects(ring, site, near, zone) for site in _nearest_first(ring.sites, near)),
    )


def _objects(ring: Ring, site: str, near: str, zone: Callable[[str], ObjectAccess]) -> SiteObjects:
    zones = {one.site: one.name for one in ring.zones(site)}
    return SiteObjects(
        site=site,
        submissions=_bucket(ring, SUBMISSIONS, site),
        resources=_bucket(ring, RESOURCES, site),
        zones=tuple(
            ZoneAt(site=where, access=zone(zones[where]))
            for where in _nearest_first(tuple(zones), near if near in ring.sites else ring.sites[0])
        ),
    )


def _bucket(ring: Ring, holding: str, site: str) -> str:
    name = bucket_name(holding, site)
    if name not in ring.buckets[site]:
        raise DataError(f"the province keeps no {holding} as objects", "add it to its holdings")
    return name


def _nearest_first(sites: Sequence[str], near: str) -> list[str]:
    """That site, if it is one of them; then the others as they come, the main one first."""
    return sorted(sites, key=lambda site: site != near)
