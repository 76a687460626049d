"""Whether a site's Ceph stands: in production by Rook's word, else by being there.

A rehearsal runs no operator, so nobody would ever fill in a status.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from infra.plan.ceph import CephPlan

_READY = "Ready"


class CephLook(Protocol):
    """What has to be seen in a cluster; objects as JSON has them."""

    def ceph_clusters(self) -> list[Any]:
        """The Ceph clusters."""

    def ceph_pools(self) -> list[Any]:
        """Their pools."""

    def object_stores(self) -> list[Any]:
        """Their object stores."""


def missing_ceph(plan: CephPlan, look: CephLook) -> tuple[str, ...]:
    """A sentence for each cluster, pool and store that is not as planned yet."""
    pools = tuple(pool.name for pool in plan.storage.pools)
    stores = tuple(gateways.name for gateways in plan.gateways)
    return (
        *_missing(plan, "CephCluster", (plan.name,), look.ceph_clusters()),
        *_missing(plan, "CephBlockPool", pools, look.ceph_pools()),
        *_missing(plan, "CephObjectStore", stores, look.object_stores()),
    )


def _missing(
    plan: CephPlan, kind: str, planned: tuple[str, ...], listed: list[Any]
) -> Iterator[str]:
    found = {item["metadata"]["name"]: item.get("status") or {} for item in listed}
    for name in planned:
        if name not in found:
            yield f"{kind} {plan.namespace}/{name}: is not there"
        elif plan.is_retained and found[name].get("phase") != _READY:
            said = found[name].get("phase") or "its operator has not seen it yet"
            yield f"{kind} {plan.namespace}/{name}: {said}"
