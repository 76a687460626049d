"""Who has to answer for what people wrote, as the world stands now."""

from __future__ import annotations

from province.holdings import Engine
from rehearsal.data.checker import Duty
from rehearsal.data.figures import losses
from rehearsal.data.inspector import StorePlace, TablePlace
from rehearsal.data.ledger import Entries
from rehearsal.data.world import DataWorld


async def duties(world: DataWorld, entries: Entries) -> tuple[Duty, ...]:
    """Those for each site's objects, and the one for the database."""
    objects = [_of_objects(world, site) for site in world.ring.sites]
    return (*objects, await _of_database(world, entries))


def _of_objects(world: DataWorld, site: str) -> Duty:
    down = world.down[Engine.OBJECTS]
    zones = [zone for zone in world.ring.zones(site) if zone.site not in down]
    return Duty(
        engine=Engine.OBJECTS,
        site=site,
        sites=(site,),
        partner=world.ring.partner(site),
        is_synchronous=False,
        is_source_standing=site not in down,
        places=tuple(StorePlace(zone.site, world.stores.access(zone.name)) for zone in zones),
    )


async def _of_database(world: DataWorld, entries: Entries) -> Duty:
    standing = await world.standing_databases()
    primary = world.databases.primary
    lost = [loss.site for loss in losses(entries, Engine.DATABASE)]
    site = lost[0] if lost else primary
    others = [one for one in standing if one != site]
    return Duty(
        engine=Engine.DATABASE,
        site=site,
        sites=world.ring.sites,
        partner=primary if primary != site else next(iter(others), site),
        is_synchronous=world.ring.databases[primary].synchronous.number > 0,
        is_source_standing=primary in standing,
        places=tuple(TablePlace(one, access) for one, access in standing.items()),
    )
