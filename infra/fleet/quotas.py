"""What a site's cluster says of its quotas: evidence for the tier tree and for unified compute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kubernetes.utils import parse_quantity

from evidence.records import QuotaRecord
from infra.fleet.cluster import cluster
from infra.plan.values import SitePlan

_MIB = 1024 * 1024


def quotas_of(plan: SitePlan, kubeconfig: Path) -> tuple[QuotaRecord, ...]:
    """Every ResourceQuota and ClusterQueue of ours in that cluster. Blocks.

    Raises FleetError when the cluster does not answer.
    """
    with cluster(plan, kubeconfig) as look:
        return (*_walls(plan, look.quotas()), *_queues(plan, look.cluster_queues()))


def _walls(plan: SitePlan, found: list[Any]) -> Iterator[QuotaRecord]:
    for quota in found:
        hard = quota.spec.hard or {}
        named = {name.removeprefix("requests."): amount for name, amount in hard.items()}
        yield _record(plan, "ResourceQuota", quota.metadata.namespace, named)


def _queues(plan: SitePlan, found: list[Any]) -> Iterator[QuotaRecord]:
    """A queue's nominal quota: what is its own, without what it may borrow."""
    for queue in found:
        nominal = {
            resource["name"]: resource["nominalQuota"]
            for group in queue["spec"].get("resourceGroups", ())
            for flavor in group["flavors"]
            for resource in flavor["resources"]
        }
        yield _record(plan, "ClusterQueue", queue["metadata"]["name"], nominal)


def _record(plan: SitePlan, kind: str, name: str, amounts: Mapping[str, Any]) -> QuotaRecord:
    """A resource that has no bound at all counts as none: nothing is promised of it."""
    return QuotaRecord.model_validate(
        {
            "site": plan.site,
            "kind": kind,
            "name": name,
            "cpu_millis": int(parse_quantity(amounts.get("cpu", 0)) * 1000),
            "memory_mib": int(parse_quantity(amounts.get("memory", 0)) / _MIB),
            "pods": int(parse_quantity(amounts.get("pods", 0))),
        }
    )
