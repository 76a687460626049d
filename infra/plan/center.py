"""What stands at the main center alone, each service in a namespace of its own."""

from __future__ import annotations

from infra.plan.edge import EDGE_NAMESPACE
from infra.plan.exchange import plan_exchange
from infra.plan.identity import plan_identity
from infra.plan.namespaces import quota_of
from infra.plan.values import Destination, NamespacePlan, ServicePlan
from infra.plan.workloads import workload_namespace
from province.data import DATABASE_NAMESPACE
from province.province import Province
from province.sites import Role, Site
from province.tiers import service_amount

Planned = tuple[ServicePlan, NamespacePlan]


def plan_center(province: Province, site: Site) -> tuple[Planned, ...]:
    """The services of the main center with their namespaces; none at a branch."""
    if site.role is not Role.MAIN:
        return ()
    return (_identity(province, site), _exchange(province, site))


def _identity(province: Province, site: Site) -> Planned:
    """Reached from the edge; its accounts lie beside the base database, in one of its own."""
    service = plan_identity(province, site)
    return service, NamespacePlan(
        name=service.workload.namespace,
        tier=service.workload.tier,
        quota=quota_of(service_amount(province.center.identity)),
        service_accounts=(service.workload.service_account,),
        ingress_namespaces=(EDGE_NAMESPACE, service.workload.namespace),
        egress_namespaces=(service.workload.namespace, DATABASE_NAMESPACE),
    )


def _exchange(province: Province, site: Site) -> Planned:
    """Reached from the platform alone; reaches the national center alone."""
    service = plan_exchange(province)
    national = province.center.exchange.national
    return service, NamespacePlan(
        name=service.workload.namespace,
        tier=service.workload.tier,
        quota=quota_of(service_amount(province.center.exchange)),
        service_accounts=(service.workload.service_account,),
        ingress_namespaces=(workload_namespace(site.role),),
        destinations=tuple(
            Destination(prefix=prefix, port=national.port)
            for prefix in (national.ipv4, national.ipv6)
        ),
    )
