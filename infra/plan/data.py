"""All that holds data at a site, and the namespaces that it lives in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from infra.plan.addresses import plan_addresses
from infra.plan.backup import BACKUP_NAMESPACE, plan_backup
from infra.plan.clusters import API_PORT
from infra.plan.database import DATABASE_PORT, plan_database
from infra.plan.namespaces import quota_of
from infra.plan.nodes import site_tier
from infra.plan.stateful import BucketPlan, DatabasePlan, DataPlan
from infra.plan.values import Destination, DualStack, NamespacePlan
from province.data import DATABASE_NAMESPACE
from province.province import Province
from province.sites import Site
from province.tiers import backup_amount, database_amount

PRODUCTION = "production"
"""The one environment whose data outlives its stacks."""


def plan_data(
    province: Province, site: Site, environment: str, tenants: tuple[NamespacePlan, ...]
) -> DataPlan | None:
    """What the site holds; None in a province that says nothing of its data."""
    data = province.data
    if data is None:
        return None
    database = plan_database(province, data, site, makes_archives=environment == PRODUCTION)
    names = (*(tenant.name for tenant in tenants), *((DATABASE_NAMESPACE,) if database else ()))
    return DataPlan(
        is_retained=environment == PRODUCTION,
        backup=plan_backup(province, data, site, names),
        database=database,
        operators={
            chart.id: f"{chart.oci}:{chart.version} in {chart.namespace}"
            for chart in data.operators
        },
    )


def with_database(
    tenants: tuple[NamespacePlan, ...], plan: DataPlan | None
) -> tuple[NamespacePlan, ...]:
    """The same namespaces, but that the site's platform, the first, may call the database."""
    if plan is None or plan.database is None:
        return tenants
    platform, *others = tenants
    egress = (*platform.egress_namespaces, DATABASE_NAMESPACE)
    return (dataclasses.replace(platform, egress_namespaces=egress), *others)


def data_namespaces(
    province: Province, site: Site, plan: DataPlan | None, tenants: Sequence[NamespacePlan]
) -> tuple[NamespacePlan, ...]:
    """`backup`, and `database` where there is one, which only those `tenants` call that may.

    Both reach the sites, and no others, whose object stores they write to or read from; and the
    API server, for whatever runs in them is an operator's.
    """
    if plan is None:
        return ()
    backup = NamespacePlan(
        name=BACKUP_NAMESPACE,
        tier=site_tier(site.role),
        quota=quota_of(backup_amount(province.data)),
        service_accounts=(),
        destinations=_api_server(site),
        egress_prefixes=_prefixes(province, [one.bucket for one in plan.backup.locations]),
        is_retained=plan.is_retained,
    )
    if plan.database is None:
        return (backup,)
    return (backup, _database(province, site, plan, plan.database, tenants))


def _database(
    province: Province,
    site: Site,
    plan: DataPlan,
    database: DatabasePlan,
    tenants: Sequence[NamespacePlan],
) -> NamespacePlan:
    callers = [tenant.name for tenant in tenants if DATABASE_NAMESPACE in tenant.egress_namespaces]
    others = tuple(_others(province, database))
    operators = {chart.namespace for chart in province.data.operators} if province.data else set()
    return NamespacePlan(
        name=DATABASE_NAMESPACE,
        tier=site_tier(site.role),
        quota=quota_of(database_amount(province.data, site.id)),
        service_accounts=(),
        ingress_namespaces=(
            *callers,
            *sorted(operators - {BACKUP_NAMESPACE}),
            DATABASE_NAMESPACE,
        ),
        egress_namespaces=(DATABASE_NAMESPACE,),
        destinations=(*_api_server(site), *others),
        callers=others,
        egress_prefixes=_prefixes(province, [archive.bucket for archive in database.archives]),
        is_retained=plan.is_retained,
    )


def _others(province: Province, database: DatabasePlan) -> Iterator[Destination]:
    """The other holders, each of which follows this one or is followed by it, now or another day.

    Whole sites: a load balancer gives the address, and the certificates say who it is.
    """
    for peer in database.peers:
        prefixes = province.site(peer.site).prefixes
        for prefix in (prefixes.ipv4, prefixes.ipv6):
            yield Destination(prefix=prefix, port=DATABASE_PORT)


def _api_server(site: Site) -> tuple[Destination, ...]:
    """Where it runs: among the site's own machines."""
    nodes = plan_addresses(site).nodes
    return tuple(Destination(prefix=prefix, port=API_PORT) for prefix in (nodes.ipv4, nodes.ipv6))


def _prefixes(province: Province, buckets: Sequence[BucketPlan]) -> tuple[DualStack, ...]:
    sites = dict.fromkeys(bucket.kept_at for bucket in buckets)
    prefixes = [province.site(name).prefixes for name in sites]
    return tuple(DualStack(ipv4=one.ipv4, ipv6=one.ipv6) for one in prefixes)
