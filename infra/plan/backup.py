"""Backups: each data class of a site, to its partner on the ring, spread over the hour.

No class has the namespace `storage`. What people keep there, the partner has already, as a zone of
the object store; Rook's objects are made anew from code; and the Secrets beside them are the keys
which a thief of backups must not find in one. A site that loses its control plane alone, its disks
whole, has lost the monitors' keys with it, and is filled from its partner as after a fire.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from infra.plan.buckets import bucket, wards
from infra.plan.stateful import BackupPlan, LocationPlan, SchedulePlan
from province.data import Data, DataClass
from province.province import Province
from province.sites import Site

BACKUP_NAMESPACE = "backup"
_BUCKET = "backup"
_MINUTES = 60
_HOURS = 24


def plan_backup(
    province: Province, data: Data, site: Site, namespaces: tuple[str, ...]
) -> BackupPlan:
    """Where the site's backups go, whose it restores after a loss, and when its own are made.

    A class without any of its namespaces at this site has no schedule here.
    """
    own = LocationPlan(
        name="own", bucket=bucket(province, site, _BUCKET), is_own=True, is_of_site=True
    )
    return BackupPlan(
        namespace=BACKUP_NAMESPACE,
        locations=(own, *_former(province, site), *_of_wards(province, site)),
        schedules=tuple(
            _schedule(one, site, own.name, there)
            for one in data.classes
            if (there := tuple(name for name in namespaces if _belongs(name, one)))
        ),
    )


def minute_of(site: str, data_class: str) -> int:
    """A minute of the hour that is always the same, so that not all begin at once."""
    return zlib.crc32(f"{site}/{data_class}".encode()) % _MINUTES


def _belongs(namespace: str, data_class: DataClass) -> bool:
    """`county` stands for every county's own namespace."""
    return namespace in data_class.namespaces or (
        "county" in data_class.namespaces and namespace.startswith("county-")
    )


def _former(province: Province, site: Site) -> Iterator[LocationPlan]:
    """Backups made before the partner was changed stay in reach until it is said otherwise."""
    if site.former_partner is not None:
        there = bucket(province, site, _BUCKET, at=site.former_partner)
        yield LocationPlan(name="former", bucket=there, is_own=False, is_of_site=True)


def _of_wards(province: Province, site: Site) -> Iterator[LocationPlan]:
    for ward in wards(province, site):
        there = bucket(province, ward, _BUCKET)
        yield LocationPlan(name=f"of-{ward.id}", bucket=there, is_own=False, is_of_site=False)


def _schedule(
    data_class: DataClass, site: Site, location: str, namespaces: tuple[str, ...]
) -> SchedulePlan:
    minute, every = minute_of(site.id, data_class.id), data_class.every_hours
    hours = {1: "*", _HOURS: "1"}.get(every, f"*/{every}")
    return SchedulePlan(
        name=data_class.id,
        namespaces=namespaces,
        cron=f"{minute} {hours} * * *",
        location=location,
        keep_hours=data_class.keep_days * _HOURS,
    )
