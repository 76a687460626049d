"""Claims `tiers` and `compute`: what was planned beside what the clusters said of it."""

from __future__ import annotations

from functools import cache

import pytest

from evidence.figure import ClaimVerdict
from evidence.records import QuotaRecord, ReachRecord, Record
from evidence.verdict import Verdict
from infra.plan.fleet import plan_fleet
from province.platform import Compute
from release.claims.compute import judge_compute
from release.claims.quotas import planned_queues, planned_walls
from release.claims.tiers import judge_tiers
from tests import worlds
from tests.release import runs

JUDGES = {"ResourceQuota": judge_tiers, "ClusterQueue": judge_compute}


@cache
def as_planned() -> tuple[QuotaRecord, ...]:
    """What clusters say that stand as planned."""
    fleet = plan_fleet(worlds.small(), "rehearsal")
    return tuple(
        quota(site, name, kind, amount.cpu_millis, amount.memory_mib, amount.pods)
        for kind, amounts in (
            ("ResourceQuota", planned_walls(fleet)),
            ("ClusterQueue", planned_queues(fleet)),
        )
        for (site, name), amount in amounts.items()
    )


def quota(site: str, name: str, kind: str, cpu: int, memory: int, pods: int) -> QuotaRecord:
    values = {"cpu_millis": cpu, "memory_mib": memory, "pods": pods}
    return QuotaRecord.model_validate({"site": site, "name": name, "kind": kind, **values})


def judged(kind: str, *more: Record) -> ClaimVerdict:
    return JUDGES[kind](runs.gathered(*runs.whole(), *as_planned(), *more))


def reach(site: str, county: str, schools: int = 3) -> ReachRecord:
    return ReachRecord(site=site, county=county, schools=schools)


def paths() -> tuple[ReachRecord, ...]:
    """Somebody came from three schools of each county."""
    sites = worlds.small().branches
    return tuple(reach(site.id, county.id) for site in sites for county in site.counties)


def test_tiers_whose_paths_were_all_walked_pass() -> None:
    claim = judged("ResourceQuota", *paths())
    assert claim.verdict is Verdict.PASS, claim.reason
    assert claim.reason.startswith("3,639 schools resolve to 19 counties, 2 cities")
    assert "people of 57 schools of every county logged in through their own" in claim.reason
    figures = claim.figures
    assert figures["counties_reached"].value == figures["counties_reached"].objective == 19
    assert (figures["sites_reached"].value, figures["schools_reached"].value) == (2, 57)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (reach("xuzhou", "suzhou-gusu"), "that are not the site's: suzhou-gusu at xuzhou"),
        (reach("suzhou", "atlantis"), "that are not the site's: atlantis at suzhou"),
        (reach("suzhou", "suzhou-gusu", 10**4), "more schools than there are in suzhou-gusu"),
    ],
)
def test_a_path_that_leads_elsewhere_fails_the_tiers(record: ReachRecord, words: str) -> None:
    claim = judged("ResourceQuota", *paths(), record)
    assert claim.verdict is Verdict.FAIL
    assert words in claim.reason


def test_a_county_that_nobody_came_from_leaves_the_tiers_unknown() -> None:
    *kept, last = paths()
    for records in (kept, [*kept, reach(last.site, last.county, 0)]):
        claim = judged("ResourceQuota", *records)
        assert claim.verdict is Verdict.UNKNOWN
        assert claim.reason == f"nobody came from a school of {last.county}"


def test_tiers_that_stand_as_planned_lack_only_what_nobody_tried() -> None:
    claim = judged("ResourceQuota")
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason.endswith("that the tiers reach each other has no evidence yet")
    assert claim.reason.startswith("3,639 schools resolve to 19 counties, whose quotas hold")
    promised = claim.figures["cores_promised"]
    assert promised.objective is not None
    assert 0 < promised.value <= promised.objective
    assert claim.figures["quotas_live"].value == 8 + 12 + 13 + 2 * 4


def test_compute_that_stands_as_planned_lacks_only_what_nobody_tried() -> None:
    claim = judged("ClusterQueue")
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason.startswith("5 queues at 3 sites stand as planned")
    assert claim.figures["queues_live"].value == claim.figures["queues_live"].objective == 5


@pytest.mark.parametrize(
    ("kind", "site", "name", "words"),
    [
        ("ResourceQuota", "suzhou", "county-suzhou-gusu", "the quota is not as planned"),
        ("ResourceQuota", "suzhou", "attic", "a quota that nobody planned"),
        ("ClusterQueue", "xuzhou", "city", "the queue is not as planned at xuzhou/city"),
        ("ClusterQueue", "xuzhou", "attic", "a queue that nobody planned at xuzhou/attic"),
    ],
)
def test_a_cluster_that_says_something_else_fails(
    kind: str, site: str, name: str, words: str
) -> None:
    claim = judged(kind, quota(site, name, kind, 1, 1, 1))
    assert claim.verdict is Verdict.FAIL
    assert words in claim.reason


def test_a_lane_that_sends_more_than_is_taken_fails() -> None:
    claim = judged("ClusterQueue", quota("main", "lane-odd", "ClusterQueue", 10**6, 1, 1))
    assert claim.verdict is Verdict.FAIL
    assert "more may be sent than its branches take: lane-odd (1000 cores)" in claim.reason


@pytest.mark.parametrize("kind", ["ResourceQuota", "ClusterQueue"])
def test_what_nobody_read_is_unknown(kind: str) -> None:
    (gone, *kept) = (record for record in as_planned() if record.kind == kind)
    claim = JUDGES[kind](runs.gathered(*runs.whole(), *kept))
    assert claim.verdict is Verdict.UNKNOWN
    assert f"was read of {gone.site}/{gone.name}" in claim.reason


def test_sums_that_do_not_hold_fail_the_tiers_and_leave_compute_unknown() -> None:
    shares = {"school": Compute(cpu_millis=80, memory_mib=16)}
    tiers = worlds.small().tiers.model_copy(update=shares)
    world = worlds.small().model_copy(update={"tiers": tiers})
    evidence = runs.gathered(*runs.whole(), *as_planned(), world=world)
    claim = judge_tiers(evidence)
    assert claim.verdict is Verdict.FAIL
    assert "a quota sum does not hold: city suzhou" in claim.reason
    assert "cannot be planned any more" in judge_compute(evidence).reason


def test_without_queues_compute_has_no_evidence() -> None:
    claim = judge_compute(runs.gathered(*runs.whole()))
    assert claim.reason.startswith("no evidence yet")
    assert claim.figures == {}
