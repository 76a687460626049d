"""What the deploy stage writes down of each site's storage: the plan by which it was brought up."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.records import PoolRecord, StorageRecord
from infra.plan.storage import PoolPlan, StoragePlan
from infra.plan.values import FleetPlan, SitePlan
from province.province import Province
from province.storage import outlook


def storage_records(fleet: FleetPlan, province: Province) -> Iterator[StorageRecord]:
    """A record for each site that has storage, in the order of the plan."""
    for plan in fleet.sites:
        if plan.storage is not None:
            yield _record(plan, plan.storage, province)


def _record(plan: SitePlan, storage: StoragePlan, province: Province) -> StorageRecord:
    return StorageRecord(
        site=plan.site,
        hosts=len(storage.hosts),
        full_ratio_after_loss=storage.full_ratio_after_loss,
        years_until_full=outlook(province, province.site(plan.site)).years,
        pools=tuple(_pool(pool) for pool in storage.pools),
    )


def _pool(pool: PoolPlan) -> PoolRecord:
    return PoolRecord(
        name=pool.name,
        k=pool.k,
        m=pool.m,
        failure_domain=pool.failure_domain,
        raw_bytes=pool.raw_bytes,
        usable_bytes=pool.usable_bytes,
    )
