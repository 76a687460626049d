"""The values of what holds data: the base database, its archives, and backups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from province.platform import Compute


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketPlan:
    """Where copies of `site`'s data lie: a bucket in the object store of another site.

    The Secret `secret` holds the keys; `prefecture` is the site's, `kept_in` the bucket's.
    """

    site: str
    prefecture: str
    kept_at: str
    kept_in: str
    endpoint: str
    bucket: str
    secret: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchivePlan:
    """The base backups and WAL of one database cluster."""

    name: str
    cluster: str
    bucket: BucketPlan
    keep_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseRolePlan:
    """A role that logs in by a client certificate. `member_of` are PostgreSQL's own roles."""

    name: str
    connections_max: int
    member_of: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PeerPlan:
    """Another site's cluster, and the name at which it is followed from here."""

    site: str
    cluster: str
    hostname: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SynchronousPlan:
    """Whose disks a commit is on before it is acknowledged: those of any `number` of `clusters`.

    They are the clusters of the other sites, so that no loss of one site takes a commit with it.
    Where `number` is 0 other sites follow as they can.
    """

    number: int
    clusters: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabasePlan:
    """One site's cluster of the base database, primary or replica.

    `primary` is the cluster that takes writes, `source` the one that this follows, or would, and
    `origin` the one that all were made from, which was made of nothing; `promotion_token` is there
    when this one is being promoted. `archives` has the site's own first, then those of its peers;
    they are objects where the plugin is (`makes_archives`: in production, by its chart). A volume
    of `storage_gib` holds data, one of `wal_gib` the WAL. `synchronous` holds
    where it takes writes; the `peers` then follow it at `hostname`.
    """

    name: str
    namespace: str
    image: str
    instances: int
    compute: Compute
    parts_zones: bool
    storage_class: str
    storage_gib: int
    wal_gib: int
    primary: str
    source: str
    origin: str
    promotion_token: str | None
    roles: tuple[DatabaseRolePlan, ...]
    synchronous: SynchronousPlan
    hostname: str
    peers: tuple[PeerPlan, ...]
    parameters: Mapping[str, str]
    archives: tuple[ArchivePlan, ...]
    makes_archives: bool

    @property
    def archive(self) -> ArchivePlan:
        """Where this cluster's own WAL goes."""
        return self.archives[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class LocationPlan:
    """A place of Velero's. Where `is_own`, this site writes there; else it only restores.

    `is_of_site`: it has this site's backups, now or from before its partner was changed.
    """

    name: str
    bucket: BucketPlan
    is_own: bool
    is_of_site: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SchedulePlan:
    """When one data class is backed up (`cron`), where to and for how many hours it is kept."""

    name: str
    namespaces: tuple[str, ...]
    cron: str
    location: str
    keep_hours: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupPlan:
    """A site's backups: where they go, whose it can restore, and when they are made."""

    namespace: str
    locations: tuple[LocationPlan, ...]
    schedules: tuple[SchedulePlan, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DataPlan:
    """All that holds data at a site.

    `is_retained`: neither `destroy` nor a change in code takes any of it away (production).
    `operators` are the charts, with version and namespace, that have to be installed before.
    """

    is_retained: bool
    backup: BackupPlan
    database: DatabasePlan | None
    operators: Mapping[str, str]
