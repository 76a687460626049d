"""The labels by which everything of ours is found again, in a cluster as in a report."""

from __future__ import annotations

from infra.plan.stateful import BucketPlan
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
REALM_LABEL = "suyun.io/realm"
FLEET = "fleet"
"""What bears a site's id elsewhere bears this where it lies between the sites: stack, labels."""
WORKLOAD_LABEL = "app.kubernetes.io/name"
PREFECTURE_LABEL = "suyun.io/prefecture"
KEPT_IN_LABEL = "suyun.io/kept-in"
PROTECTION_LABEL = "suyun.io/protection"
RETAINED = "retained"
REMOVABLE = "removable"


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
    pool = {POOL_LABEL: namespace.pool} if namespace.pool else {}
    return tier_labels(namespace.tier, namespace.county) | pool | pod_security


def workload_labels(workload: WorkloadPlan) -> dict[str, str]:
    """A workload's labels, on its pods too."""
    return {WORKLOAD_LABEL: workload.name} | tier_labels(workload.tier)


def bucket_labels(bucket: BucketPlan) -> dict[str, str]:
    """Whose data it is, by prefecture, and in which prefecture the copy lies."""
    return {PREFECTURE_LABEL: bucket.prefecture, KEPT_IN_LABEL: bucket.kept_in}


def protection_labels(*, is_retained: bool) -> dict[str, str]:
    """Whether a stack's end leaves the object and its data where they are."""
    return {PROTECTION_LABEL: RETAINED if is_retained else REMOVABLE}
