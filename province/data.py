"""Where data lives and what becomes of it: the base database, backups, the operators for both."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt

from province.platform import Compute
from province.value import Id, Value

DATABASE_NAMESPACE = "database"
"""Of the base database, at each site that holds it."""


class Chart(Value):
    """An operator's Helm chart in an OCI registry; production installs it before the sites.

    It goes into `namespace`. A rehearsal has the operator's resource definitions alone, out of its
    Go module.
    """

    id: Id
    oci: Annotated[str, Field(pattern=r"^oci://\S+$")]
    version: str
    namespace: Id


class Handover(Value):
    """The base database on its way to another site.

    Without a token the present primary is demoted. The token, which it then has in its status
    (`demotionToken`), promotes the cluster at `to` without losing what was written last.
    """

    to: Id
    promotion_token: str | None = None


class Database(Value):
    """The base database of students, teachers and schools (CloudNativePG).

    `holders` are the sites with a cluster, named one by one, so that another partner on the ring
    moves none; the main site is among them, for there it is made first. The operator reads
    PostgreSQL's version from the image's tag, and refuses a digest alone.
    """

    image: Annotated[str, Field(pattern=r"^\S+:\d+\.\d+@sha256:[0-9a-f]{64}$")]
    primary: Id
    holders: Annotated[tuple[Id, ...], Field(min_length=2)]
    instances: PositiveInt = 3
    compute: Compute
    storage_gib: PositiveInt
    wal_gib: PositiveInt
    archive_days: PositiveInt
    handover: Handover | None = None


class DataClass(Value):
    """What is backed up together: how often (every so many hours) and for how many days."""

    id: Id
    namespaces: Annotated[tuple[Id, ...], Field(min_length=1)]
    every_hours: Annotated[int, Field(ge=1, le=24)]
    keep_days: PositiveInt


class Data(Value):
    """All of it. Every site backs up each class to its partner's object store.

    So many containers that move the copies may run at once at a site, each of that size.
    """

    operators: tuple[Chart, ...]
    database: Database
    movers: Compute
    movers_max: PositiveInt
    classes: Annotated[tuple[DataClass, ...], Field(min_length=1)]

    @property
    def rows_kept_days(self) -> int:
        """For how long what is gone from the base database is in its archives or in a backup."""
        backups = (one.keep_days for one in self.classes if DATABASE_NAMESPACE in one.namespaces)
        return max(self.database.archive_days, *backups, 0)
