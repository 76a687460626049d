"""The base database: who is primary, who follows, where each one's WAL is archived.

The sites that hold it are named, so no cluster is made or taken away by moving the primary, nor by
another site on the ring; that is a step of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from infra.plan.blocks import STORAGE_CLASS
from infra.plan.buckets import bucket
from infra.plan.stateful import (
    ArchivePlan,
    DatabasePlan,
    DatabaseRolePlan,
    PeerPlan,
    SynchronousPlan,
)
from province.data import DATABASE_NAMESPACE, Data, Database
from province.province import Province
from province.sites import Site

_ROLES = (
    DatabaseRolePlan(name="suyun_app", connections_max=300),
    DatabaseRolePlan(name="suyun_reports", connections_max=20, member_of=("pg_read_all_data",)),
    DatabaseRolePlan(name="suyun_audit", connections_max=5, member_of=("pg_monitor",)),
)
DATABASE_PORT = 5432
_PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        # The roles' connections, and some for the operator and for replication.
        "max_connections": "400",
        # GB/T 22239-2019 8.1.4.3: who came, who went, and what was changed in the schema.
        "log_connections": "on",
        "log_disconnections": "on",
        "pgaudit.log": "ddl, role",
        # A replica that is cut off for some hours finds its WAL still there; then the archive's.
        "wal_keep_size": "8GB",
        "ssl_min_protocol_version": "TLSv1.3",
        # On the partner's disk, which is all that its promotion needs. `remote_apply` would have
        # each commit wait until it is seen there too, so that one long query there, or an index
        # that is replayed, stops all writes.
        "synchronous_commit": "on",
    }
)


def plan_database(
    province: Province, data: Data, site: Site, *, makes_archives: bool
) -> DatabasePlan | None:
    """The site's cluster; None where it holds none."""
    holders = data.database.holders
    if site.id not in holders:
        return None
    others = [province.site(holder) for holder in holders if holder != site.id]
    primary, is_promoted = _primary(data.database, site)
    followed = primary if primary != site.id else others[0].id
    token = data.database.handover.promotion_token if data.database.handover else None
    return DatabasePlan(
        name=cluster_name(site.id),
        namespace=DATABASE_NAMESPACE,
        image=data.database.image,
        instances=data.database.instances,
        compute=data.database.compute,
        parts_zones=len(site.zones) >= data.database.instances,
        storage_class=STORAGE_CLASS,
        storage_gib=data.database.storage_gib,
        wal_gib=data.database.wal_gib,
        primary=cluster_name(primary),
        source=cluster_name(followed),
        origin=cluster_name(province.main.id),
        promotion_token=token if is_promoted else None,
        roles=_ROLES,
        synchronous=_synchronous(others),
        hostname=_hostname(province, site),
        peers=tuple(
            PeerPlan(site=one.id, cluster=cluster_name(one.id), hostname=_hostname(province, one))
            for one in others
        ),
        parameters=_PARAMETERS,
        archives=tuple(_archive(province, data, holder) for holder in (site, *others)),
        makes_archives=makes_archives,
    )


def cluster_name(site: str) -> str:
    """Stable: it is a directory in archives and a name in certificates."""
    return f"base-{site}"


def _primary(database: Database, site: Site) -> tuple[str, bool]:
    """The primary as this site has to see it now, and whether the site is being promoted.

    In a handover the old primary follows the new one from the first step on, and all others
    from the second; so no two ever take writes.
    """
    handover = database.handover
    if handover is None:
        return database.primary, False
    promotes = handover.promotion_token is not None
    if site.id == database.primary or promotes:
        return handover.to, promotes and site.id == handover.to
    return database.primary, False


def _synchronous(others: Sequence[Site]) -> SynchronousPlan:
    """One of the others confirms; an only other does not, whose loss would stop every write."""
    return SynchronousPlan(
        number=1 if len(others) > 1 else 0,
        clusters=tuple(cluster_name(one.id) for one in others),
    )


def _hostname(province: Province, site: Site) -> str:
    return f"database.{site.id}.{province.platform.domain}"


def _archive(province: Province, data: Data, site: Site) -> ArchivePlan:
    return ArchivePlan(
        name=cluster_name(site.id),
        cluster=cluster_name(site.id),
        bucket=bucket(province, site, "wal"),
        keep_days=data.database.archive_days,
    )
