"""The labels by which everything of ours is found again, in a cluster as in a report."""

from __future__ import annotations

from infra.plan.values import NamespacePlan, SitePlan, WorkloadPlan
from province.platform import Tier

REGION_LABEL = "topology.kubernetes.io/region"
ZONE_LABEL = "topology.kubernetes.io/zone"
RACK_LABEL = "suyun.io/rack"
POOL_LABEL = "suyun.io/pool"
TIER_LABEL = "suyun.io/tier"
SITE_LABEL = "suyun.io/site"
COUNTY_LABEL = "suyun.io/county"
ENVIRONMENT_LABEL = "suyun.io/environment"
ADMINISTRATOR_LABEL = "suyun.io/administrator"
FLEET = "fleet"
"""What bears a site's id elsewhere bears this where it lies between the sites: stack, labels."""
WORKLOAD_LABEL = "app.kubernetes.io/name"


def site_labels(plan: SitePlan) -> dict[str, str]:
    """On every object of that site's stack; also what a look for leftovers selects by."""
    return {
        "app.kubernetes.io/managed-by": "pulumi",
        "app.kubernetes.io/part-of": "suyun",
        ENVIRONMENT_LABEL: plan.environment,
        SITE_LABEL: plan.site,
    }


def clusters_labels(environment: str) -> dict[str, str]:
    """On every object of the stack between the sites."""
    return {
        "app.kubernetes.io/managed-by": "pulumi",
        "app.kubernetes.io/part-of": "suyun",
        ENVIRONMENT_LABEL: environment,
        SITE_LABEL: FLEET,
    }


def tier_labels(tier: Tier, county: str | None = None) -> dict[str, str]:
    """Which tier an object belongs to, and which county when it is one's own."""
    return {TIER_LABEL: tier.value} | ({COUNTY_LABEL: county} if county else {})


def namespace_labels(namespace: NamespacePlan) -> dict[str, str]:
    """A namespace's own labels. Pod Security admission enforces, audits and warns at one level."""
    pod_security = {
        f"pod-security.kubernetes.io/{mode}": namespace.pod_security
        for mode in ("enforce", "audit", "warn")
    }
    return tier_labels(namespace.tier, namespace.county) | pod_security


def workload_labels(workload: WorkloadPlan) -> dict[str, str]:
    """A workload's labels, on its pods too."""
    return {WORKLOAD_LABEL: workload.name} | tier_labels(workload.tier)
