"""Where is my data: for each holding its sites and copies as planned, and what a delete reaches."""

from __future__ import annotations

from collections.abc import Iterator

from province.holdings import Engine, Holding
from province.province import Province
from province.storage import RESOURCES, SITES_PER_BYTE
from province.value import Value


class Place(Value):
    """Where bytes are written, and the site in another prefecture that has their copy."""

    site: str
    copy_at: str


class Whereabouts(Value):
    """A holding as planned. `copies` are whole ones, all places of a byte counted.

    `disk_ratio` is the bytes of disk for each byte, with chunks of coding and copies; `deleted`
    says in sentences what a delete reaches, and when.
    """

    holding: Holding
    places: tuple[Place, ...]
    copies: int
    stored_as: str
    disk_ratio: float
    gone_after_days: int
    deleted: tuple[str, ...]


def inventory(province: Province) -> tuple[Whereabouts, ...]:
    """All holdings, in the order of the file."""
    return tuple(_whereabouts(province, holding) for holding in province.holdings)


def _whereabouts(province: Province, holding: Holding) -> Whereabouts:
    objects = holding.engine is Engine.OBJECTS
    homes = province.sites if objects else (province.main,)
    servers = 1 if objects else holding.instances
    chunks = f"{RESOURCES.chunks_data}+{RESOURCES.chunks_coding} chunks"
    return Whereabouts(
        holding=holding,
        places=tuple(Place(site=site.id, copy_at=site.backup_partner) for site in homes),
        copies=servers * SITES_PER_BYTE,
        stored_as=f"{chunks} on as many hosts" if objects else f"{servers} servers at each site",
        disk_ratio=SITES_PER_BYTE * (1 / RESOURCES.usable_ratio if objects else servers),
        gone_after_days=holding.gone_after_days,
        deleted=tuple(_deleted(holding)),
    )


def _deleted(holding: Holding) -> Iterator[str]:
    """From the nearest bytes to the last."""
    yield "at once at the site; at the copy's site as soon as replication has caught up"
    if holding.versions_days:
        earlier = f"up to {holding.versions} versions stay at both sites"
        yield f"{earlier} for {holding.versions_days} days, from which it can be undone"
    if holding.backup_days:
        yield f"backups at the copy's site keep it for {holding.backup_days} days more"
    if holding.gone_after_days:
        yield f"no byte is left after {holding.gone_after_days} days"
