"""Pools that would shrink: what stands, by the stack's outputs, against what is planned.

A program sees only what is to be, and so does a policy; only who drives the stack knows what is.
Ceph cannot give back what a pool holds: fewer disks than its bytes need end with a full cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.plan.values import SitePlan
from province.findings import Finding

OUTPUT = "storage"
"""The stack output that says each pool's usable bytes, by the pool's name."""


def check_pools_never_shrink(plan: SitePlan, standing: Mapping[str, Any]) -> Iterator[Finding]:
    """No pool that stands, by the stack's outputs, is planned smaller or not at all."""
    planned = plan.storage.usable_bytes if plan.storage else {}
    for name, stood in sorted((standing.get(OUTPUT) or {}).items()):
        will = planned.get(name, 0)
        if will < stood:
            yield Finding(
                rule="pools-never-shrink",
                subject=f"pool {name} at {plan.site}",
                evidence=f"{stood / 1e12:,.1f} TB usable stand, {will / 1e12:,.1f} TB are planned",
                hint="give the machines and disks back; or move the site's bytes away, then "
                f"./suyun destroy --site {plan.site}, and bring it up anew as planned",
            )
