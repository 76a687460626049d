"""Unified compute: queues whose sums hold, lanes that Kueue takes, and the objects made of them."""

from __future__ import annotations

from functools import cache

import pytest

from infra.plan.compute import LANE_CLUSTERS_MAX, lane_of
from infra.plan.errors import PlanError
from infra.plan.fleet import plan_fleet
from infra.plan.site import plan_site
from infra.plan.size import resources_count
from infra.plan.values import FleetPlan, SitePlan
from province.province import Province
from tests import worlds
from tests.infra import example
from tests.infra.recorded import Recording, record


@cache
def fleet() -> FleetPlan:
    return plan_fleet(worlds.province(), "rehearsal")


def branch() -> SitePlan:
    return plan_site(example.small(), "suzhou", "rehearsal")


def main() -> SitePlan:
    return plan_site(example.small(), "main", "rehearsal")


@cache
def recording(site: str) -> Recording:
    return record(branch() if site == "suzhou" else main())


def test_every_branch_lies_in_one_lane_and_main_in_none() -> None:
    lanes = fleet().sites[0].compute.lanes
    clusters = [cluster for lane in lanes for cluster in lane.clusters]
    assert sorted(clusters) == sorted(plan.site for plan in fleet().sites[1:])
    assert all(len(lane.clusters) <= LANE_CLUSTERS_MAX for lane in lanes)


def test_what_main_may_send_is_what_its_branches_take() -> None:
    """Sent over a lane at once: never more than the queues at its end hold together."""
    by_site = {plan.site: plan.compute.queues for plan in fleet().sites}
    for queue, lane in zip(by_site["main"], fleet().sites[0].compute.lanes, strict=True):
        ends = [q for site in lane.clusters for q in by_site[site] if q.door == lane.name]
        assert len(ends) == len(lane.clusters)
        assert queue.nominal.cpu_millis == sum(q.nominal.cpu_millis for q in ends)
        assert {q.namespace for q in ends} == {queue.namespace}


def test_a_branchs_queues_come_to_what_is_set_aside_for_jobs() -> None:
    for plan in fleet().sites[1:]:
        jobs = next(n.quota for n in plan.namespaces if n.name == "province")
        first, second = plan.compute.queues
        assert first.nominal.cpu_millis + second.nominal.cpu_millis == jobs.cpu_millis
        for queue in (first, second):
            assert queue.borrowed is not None
            assert (queue.nominal + queue.borrowed).pods == jobs.pods
            wall = next(n.quota for n in plan.namespaces if n.name == queue.namespace)
            assert wall.cpu_millis >= (queue.nominal + queue.borrowed).cpu_millis


def test_a_lane_that_kueue_would_refuse_is_refused_before() -> None:
    document = example.document()
    more = [{**example.site(f"s{i}", 3), "prefecture": f"s{i}"} for i in range(11)]
    document["sites"] += more
    with pytest.raises(PlanError, match="lane-odd has 12 branches") as caught:
        plan_site(Province.model_validate(document), "main", "rehearsal")
    assert "add a lane" in caught.value.hint


def test_a_branchs_queues_are_transcribed() -> None:
    seen = recording("suzhou")
    queue = seen.of("ClusterQueue")["province"]["spec"]
    assert queue["cohort"] == "jobs"
    assert queue["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "province"}
    (group,) = queue["resourceGroups"]
    (flavor,) = group["flavors"]
    assert flavor["name"] == "platform"
    assert flavor["resources"] == [
        {"name": "cpu", "nominalQuota": "2", "borrowingLimit": "2"},
        {"name": "memory", "nominalQuota": "4Gi", "borrowingLimit": "4Gi"},
        {"name": "pods", "nominalQuota": "20", "borrowingLimit": "20"},
    ]
    assert set(seen.of("LocalQueue")) == {"city/jobs", f"province/{lane_of_suzhou()}"}
    assert seen.of("ResourceFlavor")["platform"]["spec"]["nodeLabels"] == {
        "suyun.io/pool": "platform"
    }
    assert seen.of("MultiKueueConfig") == {}


def lane_of_suzhou() -> str:
    return lane_of(example.small().site("suzhou"))


def test_main_sends_by_a_check_and_borrows_nothing() -> None:
    seen = recording("main")
    queue = seen.of("ClusterQueue")[lane_of_suzhou()]["spec"]
    assert "cohort" not in queue
    assert queue["admissionChecks"] == [lane_of_suzhou()]
    resources = queue["resourceGroups"][0]["flavors"][0]["resources"]
    assert all("borrowingLimit" not in resource for resource in resources)
    check = seen.of("AdmissionCheck")[lane_of_suzhou()]["spec"]
    assert check["controllerName"] == "kueue.x-k8s.io/multikueue"
    assert check["parameters"]["name"] == lane_of_suzhou()
    clusters = seen.of("MultiKueueCluster")
    assert set(clusters) == {"suzhou", "wuxi"}
    assert clusters["wuxi"]["spec"]["kubeConfig"]["location"] == "multikueue-wuxi"


def test_the_hub_knows_the_branches_and_places_among_them() -> None:
    seen = recording("main")
    members = seen.of("ManagedCluster")
    assert set(members) == {"member/suzhou", "member/wuxi"}
    labels = members["member/wuxi"]["metadata"]["labels"]
    assert labels["cluster.open-cluster-management.io/clusterset"] == "branches"
    assert seen.of("ManagedClusterSetBinding")["province/branches"]["metadata"]["name"] == (
        "branches"
    )
    assert seen.of("Placement")["province/jobs"]["spec"]["clusterSets"] == ["branches"]
    assert recording("suzhou").of("ManagedCluster") == {}


@pytest.mark.parametrize("site", ["main", "suzhou"])
def test_what_is_recorded_is_as_much_as_the_plan_says(site: str) -> None:
    assert len(recording(site).all) + 1 == resources_count(branch() if site == "suzhou" else main())
