"""A site's namespaces: one for each tier that lives there, with its quota and whom it may talk to.

What a quota bounds is what containers request. All quotas of the platform pool come from the tier
tree (`province.tiers`), whose sums hold. Jobs may run in two namespaces, the city's and the one
where the province's jobs arrive; each may use all that is set aside for jobs, and the queues
(`infra.plan.compute`) see to it that together they never use more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from infra.plan.edge import EDGE_NAMESPACE
from infra.plan.errors import PlanError
from infra.plan.nodes import site_tier
from infra.plan.values import GatewayPlan, NamespacePlan, Quota, WorkloadPlan
from infra.plan.workloads import workload_namespace
from province.platform import Compute, Tier
from province.sites import Role, Site
from province.tiers import POD_CPU_MILLIS, SURGE, Amount, TierQuota, overdrawn, total

CONTAINER_DEFAULT = Compute(cpu_millis=POD_CPU_MILLIS, memory_mib=128)
"""What a container gets that says nothing itself."""
GATEWAY_PROXY = Compute(cpu_millis=2000, memory_mib=2048)
"""One edge proxy: 20,000 TLS connections at some 30 KiB each, and two cores for handshakes."""
PROVINCE_NAMESPACE = Tier.PROVINCE.value
"""At main the platform's own; at a branch where the province's jobs arrive."""
TENANT_ACCOUNT = "tenant"


def require_sums(tree: TierQuota) -> None:
    """Raises PlanError when a tier has promised more than it has."""
    for broken in overdrawn(tree):
        raise PlanError(
            str(broken), "add machines to the platform pool, or lower the shares in 'tiers'"
        )


def plan_namespaces(
    site: Site,
    tree: TierQuota,
    workloads: tuple[WorkloadPlan, ...],
    gateway: GatewayPlan,
    services: tuple[NamespacePlan, ...],
) -> tuple[NamespacePlan, ...]:
    """Main: `province`, its services', `edge`; branch: `city`, counties, `school`, jobs, `edge`."""
    below = _below(tree) if site.role is Role.BRANCH else ()
    jobs = (_jobs(tree),) if site.role is Role.BRANCH else ()
    platform = _platform(site, tree, workloads, (*below, *jobs, *services))
    return (platform, *below, *jobs, *services, _edge(site, gateway))


def _platform(
    site: Site,
    tree: TierQuota,
    workloads: tuple[WorkloadPlan, ...],
    others: Sequence[NamespacePlan],
) -> NamespacePlan:
    name = workload_namespace(site.role)
    callers = tuple(other.name for other in others if name in other.egress_namespaces)
    called = tuple(other.name for other in others if name in other.ingress_namespaces)
    return NamespacePlan(
        name=name,
        tier=site_tier(site.role),
        quota=quota_of(tree.platform + tree.jobs + tree.kept_free),
        service_accounts=tuple(workload.service_account for workload in workloads),
        ingress_namespaces=(EDGE_NAMESPACE, name, *callers),
        egress_namespaces=(name, *called),
    )


def _below(tree: TierQuota) -> tuple[NamespacePlan, ...]:
    """Counties, each with its own share, and the schools of all of them together."""
    counties = tuple(_county(county) for county in tree.parts)
    schools = total(part.whole for county in tree.parts for part in county.parts)
    return (*counties, _school(quota_of(schools), counties))


def _jobs(tree: TierQuota) -> NamespacePlan:
    """Where the province's jobs arrive. They call the city's platform; nobody calls them."""
    return NamespacePlan(
        name=PROVINCE_NAMESPACE,
        tier=Tier.PROVINCE,
        quota=quota_of(tree.jobs),
        service_accounts=(TENANT_ACCOUNT,),
        egress_namespaces=(Tier.CITY.value,),
    )


def _county(county: TierQuota) -> NamespacePlan:
    return NamespacePlan(
        name=f"county-{county.name}",
        tier=Tier.COUNTY,
        county=county.name,
        quota=quota_of(county.own),
        service_accounts=(TENANT_ACCOUNT,),
        ingress_namespaces=("city", "school"),
        egress_namespaces=("city", "school"),
    )


def _school(quota: Quota, counties: Sequence[NamespacePlan]) -> NamespacePlan:
    neighbours = ("city", *(county.name for county in counties))
    return NamespacePlan(
        name="school",
        tier=Tier.SCHOOL,
        quota=quota,
        service_accounts=(TENANT_ACCOUNT,),
        ingress_namespaces=neighbours,
        egress_namespaces=neighbours,
    )


def _edge(site: Site, gateway: GatewayPlan) -> NamespacePlan:
    replicas = math.ceil(gateway.replicas * SURGE)
    return NamespacePlan(
        name=EDGE_NAMESPACE,
        tier=site_tier(site.role),
        quota=Quota(
            cpu_millis=GATEWAY_PROXY.cpu_millis * replicas,
            memory_mib=GATEWAY_PROXY.memory_mib * replicas,
            pods=replicas,
            container_default=CONTAINER_DEFAULT,
        ),
        service_accounts=(gateway.name,),
        egress_namespaces=tuple(dict.fromkeys(route.namespace for route in gateway.routes)),
        public_ports=(gateway.port,),
    )


def quota_of(amount: Amount) -> Quota:
    """The amount as a namespace's quota, with the defaults of its containers."""
    return Quota(
        cpu_millis=amount.cpu_millis,
        memory_mib=amount.memory_mib,
        pods=amount.pods,
        container_default=CONTAINER_DEFAULT,
    )
