"""Where is my data: for each holding its sites and copies as planned, and what a delete reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from province.data import Data
from province.holdings import Engine, Holding
from province.province import Province
from province.sites import Site
from province.storage import BLOCKS, RESOURCES, SITES_PER_BYTE
from province.value import Value


class Place(Value):
    """Where bytes are written, and the sites in other prefectures that have their copies."""

    site: str
    copies_at: tuple[str, ...]


class Whereabouts(Value):
    """A holding as planned. `copies` are whole ones, all places of a byte counted.

    `disk_ratio` is the bytes of disk for each byte, with chunks of coding and copies. Archives and
    backups have for `backup_days` what is gone, and no byte is left `gone_after_days` after a
    delete, for a backup may be of a version's last day; `deleted` says so in sentences.
    """

    holding: Holding
    places: tuple[Place, ...]
    copies: int
    stored_as: str
    disk_ratio: float
    backup_days: int
    gone_after_days: int
    deleted: tuple[str, ...]


def inventory(province: Province) -> tuple[Whereabouts, ...]:
    """All holdings, in the order of the file. A database without a plan of data lies nowhere."""
    return tuple(
        _objects(holding, province.sites)
        if holding.engine is Engine.OBJECTS
        else _rows(holding, province.data)
        for holding in province.holdings
    )


def _objects(holding: Holding, sites: Sequence[Site]) -> Whereabouts:
    """A copy at the partner is their backup: no schedule copies them a second time."""
    chunks = f"{RESOURCES.chunks_data}+{RESOURCES.chunks_coding} chunks on as many hosts"
    return _whereabouts(
        holding,
        places=[Place(site=site.id, copies_at=(site.backup_partner,)) for site in sites],
        copies=SITES_PER_BYTE,
        stored_as=chunks,
        disk_ratio=SITES_PER_BYTE / RESOURCES.usable_ratio,
    )


def _rows(holding: Holding, data: Data | None) -> Whereabouts:
    """Whole at each server of each holder, whose volume lies on disks of its own number."""
    if data is None:
        return _whereabouts(holding, places=(), copies=0, stored_as="nowhere", disk_ratio=0.0)
    database, disks = data.database, 1 / BLOCKS.usable_ratio
    others = tuple(site for site in database.holders if site != database.primary)
    servers = database.instances * len(database.holders)
    return _whereabouts(
        holding,
        places=[Place(site=database.primary, copies_at=others)],
        copies=servers,
        stored_as=f"{database.instances} servers at each site, each on {disks:g} disks",
        disk_ratio=servers * disks,
        backup_days=data.rows_kept_days,
    )


def _whereabouts(
    holding: Holding,
    *,
    places: Sequence[Place],
    copies: int,
    stored_as: str,
    disk_ratio: float,
    backup_days: int = 0,
) -> Whereabouts:
    return Whereabouts(
        holding=holding,
        places=tuple(places),
        copies=copies,
        stored_as=stored_as,
        disk_ratio=disk_ratio,
        backup_days=backup_days,
        gone_after_days=holding.versions_days + backup_days,
        deleted=tuple(_deleted(holding, backup_days)),
    )


def _deleted(holding: Holding, backup_days: int) -> Iterator[str]:
    """From the nearest bytes to the last."""
    yield "at once at the site; at the other sites as soon as replication has caught up"
    if holding.versions_days:
        earlier = f"up to {holding.versions} versions stay at both sites"
        yield f"{earlier} for {holding.versions_days} days, from which it can be undone"
    if backup_days:
        yield f"archives and backups in other prefectures keep it for {backup_days} days more"
    if gone := holding.versions_days + backup_days:
        yield f"no byte is left after {gone} days"
