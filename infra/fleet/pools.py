"""What a site's cluster says of its Ceph: evidence that the pools which stand were planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kubernetes.utils import parse_quantity

from evidence.records import CephRecord, LivePool
from infra.fleet.cluster import cluster
from infra.plan.values import SitePlan


def ceph_of(plan: SitePlan, kubeconfig: Path) -> tuple[CephRecord, ...]:
    """Every CephCluster of ours with the pools beside it. Blocks.

    Raises FleetError when the site's cluster does not answer.
    """
    with cluster(plan, kubeconfig) as look:
        return tuple(ceph_records(plan, look.ceph_clusters(), look.ceph_pools()))


def ceph_records(
    plan: SitePlan, clusters: list[Mapping[str, Any]], pools: list[Mapping[str, Any]]
) -> Iterator[CephRecord]:
    """A record for each cluster, from the objects as JSON has them."""
    for found in clusters:
        storage = found["spec"].get("storage") or {}
        namespace = found["metadata"]["namespace"]
        beside = (pool for pool in pools if pool["metadata"]["namespace"] == namespace)
        yield CephRecord(
            site=plan.site,
            hosts=len(storage.get("nodes") or ()),
            nearfull_ratio=storage.get("nearFullRatio") or 0.0,
            pools=tuple(sorted(map(_pool, beside), key=lambda pool: pool.name)),
        )


def _pool(found: Mapping[str, Any]) -> LivePool:
    """A pool without a quota may be filled without end, and so has no usable bytes."""
    spec = found["spec"]
    coded = spec.get("erasureCoded") or {}
    copies = (spec.get("replicated") or {}).get("size") or 0
    quota = (spec.get("quotas") or {}).get("maxSize")
    return LivePool(
        name=found["metadata"]["name"],
        k=coded.get("dataChunks") or 1,
        m=coded.get("codingChunks") or max(copies - 1, 0),
        failure_domain=spec.get("failureDomain") or "",
        usable_bytes=int(parse_quantity(quota)) if quota else None,
    )
