"""A site's Ceph cluster as planned, and what happens to one that stands larger."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.fleet.shrinking import check_pools_never_shrink
from infra.plan.capacity import describe_storage, storage_lines
from infra.plan.site import plan_site
from infra.plan.storage import StoragePlan
from infra.plan.values import SitePlan
from province.province import Province
from province.sites import Purpose
from tests import worlds
from tests.infra import example

SMALL = worlds.small()


def planned(world: Province = SMALL) -> SitePlan:
    return plan_site(world, "suzhou", "rehearsal")


def storage(world: Province = SMALL) -> StoragePlan:
    plan = planned(world).storage
    assert plan is not None
    return plan


def with_hosts(**changes: int) -> Province:
    return worlds.with_pool(SMALL, "suzhou", Purpose.STORAGE, **changes)


def test_the_pools_and_their_hosts() -> None:
    plan = storage()
    assert plan.hosts == tuple(f"suzhou-storage-0{i}" for i in range(1, 8))
    assert (plan.osds_per_host, plan.osd_bytes) == (12, 16 * 10**12)
    assert [(pool.name, pool.k, pool.m, pool.hosts_min) for pool in plan.pools] == [
        ("resources", 4, 2, 7),
        ("metadata", 1, 2, 4),
        ("blocks", 1, 2, 4),
    ]
    assert {pool.failure_domain for pool in plan.pools} == {"host"}


@settings(max_examples=50, deadline=None)
@given(st.integers(7, 60), st.integers(1, 36), st.integers(1, 30))
def test_pools_fit_on_the_disks_and_survive_a_host(count: int, disks: int, size: int) -> None:
    plan = storage(with_hosts(count=count, disks=disks, disk_tb=size))
    assert plan.raw_bytes == count * disks * size * 10**12
    assert sum(pool.raw_bytes for pool in plan.pools) <= plan.raw_bytes
    for pool in plan.pools:
        assert len(plan.hosts) >= pool.hosts_min
        on_disk = pool.usable_bytes * (pool.k + pool.m) / pool.k
        assert on_disk * count / (count - 1) <= 0.85 * pool.raw_bytes
    assert plan.full_ratio_after_loss <= 0.85


def test_a_site_without_storage_machines_has_no_storage() -> None:
    assert plan_site(example.small(), "suzhou", "rehearsal").storage is None
    plan = plan_site(example.small(), "suzhou", "rehearsal")
    assert describe_storage(example.small(), plan) is None


def test_the_plan_says_when_to_buy() -> None:
    seen = describe_storage(SMALL, planned())
    assert seen is not None
    said = "\n".join(storage_lines(seen))
    assert "resources: 4+2 on 7 hosts (needs 7), 619.3 TB usable of 1,290.2 TB raw" in said
    assert seen.stored_tb == pytest.approx(500 * 2750 / 3000, abs=0.1)


def test_pools_that_stay_or_grow_never_shrink() -> None:
    standing = {"storage": storage().usable_bytes}
    assert list(check_pools_never_shrink(planned(), standing)) == []
    assert list(check_pools_never_shrink(planned(with_hosts(count=8)), standing)) == []
    assert list(check_pools_never_shrink(planned(), {})) == []


def test_a_pool_that_stands_larger_is_named_with_both_sizes() -> None:
    standing = {"storage": storage(with_hosts(count=8)).usable_bytes}
    findings = list(check_pools_never_shrink(planned(), standing))
    assert {finding.rule for finding in findings} == {"pools-never-shrink"}
    assert [finding.subject for finding in findings] == [
        "pool blocks at suzhou",
        "pool metadata at suzhou",
        "pool resources at suzhou",
    ]
    assert findings[-1].evidence == "707.8 TB usable stand, 619.3 TB are planned"


def test_storage_that_is_planned_away_shrinks_to_nothing() -> None:
    without = dataclasses.replace(planned(), storage=None)
    standing = {"storage": {"resources": 6e14}}
    (finding,) = check_pools_never_shrink(without, standing)
    assert finding.evidence == "600.0 TB usable stand, 0.0 TB are planned"
