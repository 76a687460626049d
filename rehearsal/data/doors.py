"""Where people's clients go, in a world that changes: the writer's `Doors`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rehearsal.data.people import PeopleRows, StoreClient
from rehearsal.data.ring import Ring
from rehearsal.database.client import DatabaseAccess
from rehearsal.objects.access import ObjectAccess


class WorldDoors:
    """Clients of the world's servers. A store's client is made once and kept until `close`."""

    def __init__(
        self,
        ring: Ring,
        store_access: Callable[[str], ObjectAccess],
        database_access: Callable[[str], DatabaseAccess],
        primary: Callable[[], str],
    ) -> None:
        """`store_access` is by zone, `database_access` by site."""
        self._ring = ring
        self._store_access = store_access
        self._database_access = database_access
        self._primary = primary
        self._stores: dict[str, StoreClient] = {}

    def store(self, site: str) -> StoreClient:
        """The site's own object store, which takes its writes."""
        return self.zone(self._ring.zones(site)[0].name)

    def copies(self, site: str) -> Sequence[tuple[str, StoreClient]]:
        """Its own first, then its partner's."""
        return [(zone.site, self.zone(zone.name)) for zone in self._ring.zones(site)]

    def zone(self, name: str) -> StoreClient:
        """The client of that zone."""
        if name not in self._stores:
            self._stores[name] = StoreClient(self._store_access(name))
        return self._stores[name]

    def primary(self) -> str:
        """The site whose database takes writes now."""
        return self._primary()

    def rows(self, site: str) -> PeopleRows:
        """A new client of the database at that site."""
        return PeopleRows(self._database_access(site))

    def close(self) -> None:
        """Lets all clients go."""
        for store in self._stores.values():
            store.close()
        self._stores.clear()
