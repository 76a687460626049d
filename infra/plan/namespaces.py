"""A site's namespaces: one for each tier that lives there, with its quota and whom it may talk to.

What a quota bounds is what containers request. The chain of tiers holds by construction: a city's
quota is at least what it hands down to its counties and schools together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from infra.plan.edge import EDGE_NAMESPACE
from infra.plan.nodes import site_tier
from infra.plan.values import GatewayPlan, NamespacePlan, Quota, WorkloadPlan
from infra.plan.workloads import workload_namespace
from province.platform import Compute, Tier
from province.sites import County, Role, Site

HEADROOM = 1.25
"""Over all replicas at their most: the surge of a rolling update (25 %, Kubernetes' default)."""
COUNTIES_SHARE = 0.5
SCHOOL_SHARE = 0.25
"""Of a city's quota, what its counties together and its schools may use of it."""
CONTAINER_DEFAULT = Compute(cpu_millis=100, memory_mib=128)
"""What a container gets that says nothing itself."""
GATEWAY_PROXY = Compute(cpu_millis=2000, memory_mib=2048)
"""One edge proxy: 20,000 TLS connections at some 30 KiB each, and two cores for handshakes."""
_QUOTA_MIN = Quota(cpu_millis=1000, memory_mib=1024, pods=5, container_default=CONTAINER_DEFAULT)
"""The least that a tier gets, however small: a few pods of the default size."""
_SERVICE_ACCOUNT = "tenant"


def plan_namespaces(
    site: Site, workloads: tuple[WorkloadPlan, ...], gateway: GatewayPlan
) -> tuple[NamespacePlan, ...]:
    """Main center: `province` and `edge`; branch: `city`, its counties, `school` and `edge`."""
    needed = _platform_quota(workloads)
    below = _below(site, needed) if site.role is Role.BRANCH else ()
    quota = _at_least_sum(needed, [namespace.quota for namespace in below])
    return (_platform(site, workloads, quota, below), *below, _edge(site, gateway))


def _platform(
    site: Site,
    workloads: tuple[WorkloadPlan, ...],
    quota: Quota,
    below: Sequence[NamespacePlan],
) -> NamespacePlan:
    name = workload_namespace(site.role)
    served = tuple(namespace.name for namespace in below)
    return NamespacePlan(
        name=name,
        tier=site_tier(site.role),
        quota=quota,
        service_accounts=tuple(workload.service_account for workload in workloads),
        ingress_namespaces=(EDGE_NAMESPACE, name, *served),
        egress_namespaces=(name, *served),
    )


def _below(site: Site, city: Quota) -> tuple[NamespacePlan, ...]:
    """The tiers below a city's, each with its share of the city's quota."""
    schools = sum(county.schools for county in site.counties)
    counties = tuple(
        _county(county, _share(city, COUNTIES_SHARE * county.schools / schools))
        for county in site.counties
    )
    return (*counties, _school(_share(city, SCHOOL_SHARE), counties))


def _county(county: County, quota: Quota) -> NamespacePlan:
    return NamespacePlan(
        name=f"county-{county.id}",
        tier=Tier.COUNTY,
        county=county.id,
        quota=quota,
        service_accounts=(_SERVICE_ACCOUNT,),
        ingress_namespaces=("city", "school"),
        egress_namespaces=("city", "school"),
    )


def _school(quota: Quota, counties: Sequence[NamespacePlan]) -> NamespacePlan:
    neighbours = ("city", *(county.name for county in counties))
    return NamespacePlan(
        name="school",
        tier=Tier.SCHOOL,
        quota=quota,
        service_accounts=(_SERVICE_ACCOUNT,),
        ingress_namespaces=neighbours,
        egress_namespaces=neighbours,
    )


def _edge(site: Site, gateway: GatewayPlan) -> NamespacePlan:
    replicas = math.ceil(gateway.replicas * HEADROOM)
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
        egress_namespaces=(workload_namespace(site.role),),
        public_ports=(gateway.port,),
    )


def _platform_quota(workloads: tuple[WorkloadPlan, ...]) -> Quota:
    return Quota(
        cpu_millis=_total([w.requests.cpu_millis * w.replicas_max for w in workloads]),
        memory_mib=_total([w.requests.memory_mib * w.replicas_max for w in workloads]),
        pods=_total([w.replicas_max for w in workloads]),
        container_default=CONTAINER_DEFAULT,
    )


def _total(parts: list[int]) -> int:
    return math.ceil(sum(parts) * HEADROOM)


def _share(whole: Quota, share: float) -> Quota:
    """A part of the whole, rounded down, but never less than a namespace is good for."""
    return Quota(
        cpu_millis=max(_QUOTA_MIN.cpu_millis, math.floor(whole.cpu_millis * share)),
        memory_mib=max(_QUOTA_MIN.memory_mib, math.floor(whole.memory_mib * share)),
        pods=max(_QUOTA_MIN.pods, math.floor(whole.pods * share)),
        container_default=whole.container_default,
    )


def _at_least_sum(whole: Quota, parts: Sequence[Quota]) -> Quota:
    """The whole, raised where its parts come to more."""
    return Quota(
        cpu_millis=max(whole.cpu_millis, sum(part.cpu_millis for part in parts)),
        memory_mib=max(whole.memory_mib, sum(part.memory_mib for part in parts)),
        pods=max(whole.pods, sum(part.pods for part in parts)),
        container_default=whole.container_default,
    )
