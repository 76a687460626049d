"""What one platform process works with: the base database's holders and the object stores.

Which are near and which are far is said here; nobody else in the platform knows where it is. It is
written to a file for the process to read: of secrets it names the files alone.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from province.value import Value
from rehearsal.database.client import DatabaseAccess
from rehearsal.objects.access import ObjectAccess


class DatabaseAt(Value):
    """A holder of the base database."""

    site: str
    access: DatabaseAccess


class ZoneAt(Value):
    """A zone of an object store, and the site at which it lies."""

    site: str
    access: ObjectAccess


class SiteObjects(Value):
    """A site's objects: its buckets, and the zones that have them, in the order of reading."""

    site: str
    submissions: str
    resources: str
    zones: tuple[ZoneAt, ...]

    @model_validator(mode="after")
    def _has_own_zone(self) -> Self:
        if all(zone.site != self.site for zone in self.zones):
            raise ValueError(f"{self.site} has no zone that takes its writes")
        return self

    @property
    def own(self) -> ZoneAt:
        """The zone that takes the writes."""
        return next(zone for zone in self.zones if zone.site == self.site)


class Engines(Value):
    """Seen from the site `near`: the database's holders, the nearest first, and the stores.

    New objects are put into the bucket of the first of `stores` that takes them.
    """

    near: str
    databases: Annotated[tuple[DatabaseAt, ...], Field(min_length=1)]
    stores: Annotated[tuple[SiteObjects, ...], Field(min_length=1)]
