"""People at a site read what others' copies there hold: the nearest that is whole, or none.

What a copy gives is compared with the hash that the write was acknowledged with, as the catalogue
keeps it; bytes that are not those are never handed on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from province.holdings import Engine
from rehearsal.data.catalogue import Catalogue, Resource
from rehearsal.data.ledger import Acknowledged

SETTLED_SECONDS = 2.0
"""Several times what a copy lags when nothing is wrong: nobody asks elsewhere for newer ones."""


def settled(
    writes: Iterable[Acknowledged], sites: Collection[str], now: float
) -> tuple[Acknowledged, ...]:
    """Those sites' objects that have had the time to be copied. Pure."""
    before = now - SETTLED_SECONDS
    return tuple(
        write
        for write in writes
        if write.engine is Engine.OBJECTS and write.site in sites and write.at <= before
    )


async def read_all(
    catalogue: Catalogue, writes: Iterable[Acknowledged], site: str
) -> Counter[str | None]:
    """How many of those objects were read at which site's copy; None: at no copy."""
    found: Counter[str | None] = Counter()
    for write in writes:
        resource = Resource(
            name=write.key,
            site=write.site,
            bucket=write.place,
            key=write.key,
            sha256=write.sha256,
        )
        read_from, _ = await catalogue.read(resource, site)
        found[read_from] += 1
    return found
