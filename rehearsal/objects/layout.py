"""Where a site's Ceph listens, where its files lie, and which zones it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.plan.object_store import ObjectStorePlan, ZonePlan
from rehearsal.place import Place

MONITOR_PORT = 3300
GATEWAY_PORT = 7443
"""Of the site's own zone; the zones that it keeps for others follow."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreLayout:
    """One site's part of the store. `zones` are its own first, then those of its wards."""

    place: Place
    folder: Path
    zones: tuple[ZonePlan, ...]

    @property
    def config(self) -> Path:
        """What all of Ceph's programs read there."""
        return self.folder / "ceph.conf"

    @property
    def monitor_data(self) -> Path:
        """The monitor's database."""
        return self.folder / "mon"

    @property
    def disk(self) -> Path:
        """The folder of the one disk, which is a file in it."""
        return self.folder / "osd"

    @property
    def trusted(self) -> Path:
        """A folder of authorities: the one that the site's programs trust."""
        return self.folder / "trusted"

    def keyring(self, entity: str) -> Path:
        """The key of a program, mode 0600."""
        return self.folder / "keys" / f"{entity}.keyring"

    def log(self, program: str) -> Path:
        """What a program says."""
        return self.folder / "logs" / f"{program}.log"

    def port(self, zone: ZonePlan) -> int:
        """Where the zone's gateway listens."""
        return GATEWAY_PORT + self.zones.index(zone)

    def endpoint(self, zone: ZonePlan) -> str:
        """The same as clients and other zones have it."""
        return f"https://{self.place.address}:{self.port(zone)}"

    def listeners(self) -> tuple[tuple[str, int], ...]:
        """Every address and port that it needs for itself."""
        ports = (MONITOR_PORT, *(self.port(zone) for zone in self.zones))
        return tuple((self.place.address, port) for port in ports)


def lay_out(
    folder: Path, plan: ObjectStorePlan, places: Sequence[Place]
) -> Mapping[str, StoreLayout]:
    """Each place's, by its site: those zones of the plan that lie there.

    A copy whose own site has no place is left out: nothing would ever be written to it.
    """
    sites = {place.site for place in places}
    return {
        place.site: StoreLayout(
            place=place,
            folder=folder / place.site,
            zones=tuple(zone for zone in plan.zones_at(place.site) if zone.zonegroup in sites),
        )
        for place in places
    }


def gateway_entity(zone: ZonePlan) -> str:
    """As whom the zone's gateway comes to its monitor."""
    return f"client.rgw.{zone.name}"
