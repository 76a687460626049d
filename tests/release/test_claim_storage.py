from __future__ import annotations

from functools import cache

import pytest

from evidence.records import CephRecord, LivePool, StorageRecord
from evidence.verdict import Verdict
from infra.fleet.pools import ceph_records
from infra.plan.fleet import plan_fleet
from release.claims.storage import judge_storage
from release.storage_told import storage_records
from tests import worlds
from tests.infra.recorded import record
from tests.release import runs

SMALL = worlds.small()
FLEET = plan_fleet(SMALL, "rehearsal")
PLANNED = tuple(storage_records(FLEET, SMALL))


@cache
def live() -> tuple[CephRecord, ...]:
    """What would be read of a province whose objects are those that Pulumi was asked for."""
    recorded = [(plan, record(plan)) for plan in FLEET.sites]
    return tuple(
        seen
        for plan, objects in recorded
        for seen in ceph_records(
            plan,
            list(objects.of("CephCluster").values()),
            list(objects.of("CephBlockPool").values()),
        )
    )


def but(**changes: object) -> tuple[CephRecord, ...]:
    """The live records, but for the last site's."""
    return (*live()[:-1], CephRecord.model_validate({**live()[-1].model_dump(), **changes}))


def but_pool(named: str, **changes: object) -> tuple[CephRecord, ...]:
    """The live records, but for a pool of the last site's."""
    pools = [
        LivePool.model_validate({**pool.model_dump(), **(changes if pool.name == named else {})})
        for pool in live()[-1].pools
    ]
    return but(pools=pools)


def changed(**changes: object) -> tuple[StorageRecord, ...]:
    """The planned records, but for the last site's."""
    last = {**PLANNED[-1].model_dump(), **changes}
    return (*PLANNED[:-1], StorageRecord.model_validate(last))


def test_pools_that_stand_as_planned_pass() -> None:
    claim = judge_storage(runs.gathered(*PLANNED, *live()))
    assert claim.verdict is Verdict.PASS, claim.reason
    assert claim.reason == (
        "1.02 PB are planned at 3 sites, the live pools are as planned, "
        "and no lost host fills the disks over 0.85"
    )
    figures = claim.figures
    assert figures["pools_live"].value == 9
    assert figures["usable_pb_live"].value == figures["usable_pb_planned"].value
    assert round(figures["full_ratio_after_loss_live_max"].value, 4) == 0.84
    assert claim.evidence == ("storage.jsonl", "ceph.jsonl")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hosts": 6}, "6 hosts at xuzhou, not 7"),
        ({"nearfull_ratio": 0.9}, "a nearfull ratio of 0.9 at xuzhou, not 0.85"),
        (
            {"pools": ()},
            "no pool resources at xuzhou, no pool metadata at xuzhou, no pool blocks at xuzhou",
        ),
    ],
)
def test_a_cluster_otherwise_than_planned_fails(changes: dict[str, object], said: str) -> None:
    claim = judge_storage(runs.gathered(*PLANNED, *but(**changes)))
    assert claim.verdict is Verdict.FAIL
    assert claim.reason == f"what stands is not what was planned: {said}"


@pytest.mark.parametrize(
    ("pool", "changes", "said"),
    [
        ("metadata", {"name": "other"}, "no pool metadata at xuzhou, pool other at xuzhou"),
        ("metadata", {"m": 1}, "pool metadata at xuzhou has 1+1 over hosts"),
        ("resources", {"k": 8}, "pool resources at xuzhou has 8+2 over hosts"),
        ("resources", {"failure_domain": "osd"}, "has 4+2 over osds"),
        ("resources", {"usable_bytes": 1}, "has 4+2 over hosts and 1 bytes, not 4+2"),
        ("resources", {"usable_bytes": None}, "has 4+2 over hosts and no bound"),
    ],
)
def test_a_pool_otherwise_than_planned_fails(
    pool: str, changes: dict[str, object], said: str
) -> None:
    claim = judge_storage(runs.gathered(*PLANNED, *but_pool(pool, **changes)))
    assert claim.verdict is Verdict.FAIL
    assert claim.reason.startswith("what stands is not what was planned: ")
    assert said in claim.reason


def test_a_pool_of_no_plan_fails() -> None:
    pool = live()[-1].pools[0].model_copy(update={"name": "another"})
    claim = judge_storage(runs.gathered(*PLANNED, *but(pools=(*live()[-1].pools, pool))))
    assert claim.verdict is Verdict.FAIL
    assert claim.reason.endswith("pool another at xuzhou is in no plan")


def test_fewer_live_hosts_are_fuller_after_a_loss() -> None:
    claim = judge_storage(runs.gathered(*PLANNED, *but(hosts=6)))
    assert round(claim.figures["full_ratio_after_loss_live_max"].value, 3) == 1.008
    unbounded = judge_storage(runs.gathered(*PLANNED, *but_pool("resources", usable_bytes=None)))
    assert "full_ratio_after_loss_live_max" not in unbounded.figures


def test_a_site_that_nobody_looked_at_is_unknown() -> None:
    claim = judge_storage(runs.gathered(*PLANNED, *live()[:-1]))
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason == "nobody has looked at the live pools at xuzhou"


def test_a_plan_that_holds_shows_its_figures_and_what_is_missing() -> None:
    claim = judge_storage(runs.gathered(*PLANNED))
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason == "nobody has looked at the live pools at main, suzhou, xuzhou"
    assert claim.figures["usable_pb_planned"].objective == 0.5
    assert claim.figures["raw_pb_planned"].value == 4.416
    assert claim.figures["storage_hosts"].value == 23
    assert round(claim.figures["full_ratio_after_loss_max"].value, 4) == 0.84
    assert 1 < claim.figures["years_until_full_min"].value < 2
    assert claim.evidence == ("storage.jsonl",)


def test_without_records_there_is_no_evidence() -> None:
    claim = judge_storage(runs.gathered())
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason.startswith("no evidence yet; needed: ")
    assert claim.figures == {}


def test_a_site_without_storage_is_named() -> None:
    claim = judge_storage(runs.gathered(*PLANNED[:-1]))
    assert claim.verdict is Verdict.UNKNOWN
    assert "no storage was planned at xuzhou" in claim.reason


def test_less_than_the_promised_bytes_fails() -> None:
    promised = worlds.with_objectives(SMALL, storage_pb_min=2)
    claim = judge_storage(runs.gathered(*PLANNED, world=promised))
    assert claim.verdict is Verdict.FAIL
    assert claim.reason == "1.02 PB of 2 PB can be stored"


def test_a_pool_that_cannot_heal_fails() -> None:
    claim = judge_storage(runs.gathered(*changed(hosts=6)))
    assert claim.verdict is Verdict.FAIL
    assert claim.reason == "a pool cannot heal after a lost host at xuzhou"


def test_disks_that_a_lost_host_fills_fail() -> None:
    claim = judge_storage(runs.gathered(*changed(full_ratio_after_loss=0.851)))
    assert claim.verdict is Verdict.FAIL
    assert claim.reason == "a lost host fills the disks over 0.85 at xuzhou"


def test_the_last_word_on_a_site_counts() -> None:
    twice = judge_storage(runs.gathered(*PLANNED, *PLANNED))
    assert twice == judge_storage(runs.gathered(*PLANNED))
