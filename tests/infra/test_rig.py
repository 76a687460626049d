"""The load rig: sized from the card, bounded, walled in, parked, and within every policy."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.plan.errors import PlanError
from infra.plan.render import describe
from infra.plan.rig import plan_rig, rig_requests
from infra.plan.site import plan_site
from infra.plan.size import resources_count
from infra.plan.values import RigPlan, SitePlan
from loadtests.order import ORDER_FILE, RUN_FOLDER, WORKER
from policies.catalogue import CATALOGUE
from policies.manifest import Stack, manifests_of
from province.load_cost import CORE_SHARE_MAX, CostCard, kept_card
from province.province import Province
from tests.infra import example
from tests.infra.recorded import Recording, record

IMAGE = f"registry.example/load-rig@sha256:{example.DIGEST}"


def province(**main: Any) -> Province:  # noqa: ANN401 - any field of a site
    document = example.document()
    document["load_rig"] = {"image": IMAGE}
    document["sites"][0] |= main
    return Province.model_validate(document)


def promising(users: int) -> Province:
    world = province()
    objectives = world.objectives.model_copy(update={"users_concurrent_min": users})
    return world.model_copy(update={"objectives": objectives})


def rig_for(users: int, card: CostCard | None = None) -> RigPlan:
    world = promising(users)
    plan = plan_rig(world, world.main, card)
    assert plan is not None
    return plan


def main_site() -> SitePlan:
    return plan_site(promising(200_000), "main", "rehearsal")


@cache
def recording() -> Recording:
    return record(main_site())


def job(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = recording().of("Job")[f"load-rig/{name}"]["spec"]
    return spec


def pod(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = job(name)["template"]["spec"]
    return spec


def cost(**changes: float) -> CostCard:
    card = kept_card()
    return card.model_copy(update={"tls": card.tls.model_copy(update=changes)})


def test_the_rig_is_sized_by_hand() -> None:
    card = cost(user_kib=32, request_us=400, start_ms=1.5, worker_mib=100)
    rig = rig_for(180_000, card)
    # 4,500 requests/s × 400 µs = 1.8 cores, over 10 workers that may each use 0.7 of a core
    assert (rig.workers, rig.users_each) == (10, 18_000)
    assert rig.worker_requests.cpu_millis == 258
    assert rig.worker_requests.memory_mib == 100 + 18_000 * 32 / 1024 + 0.5
    assert rig.worker_limits.cpu_millis == 1000
    assert "4,500 requests/s × 400 µs = 1.80 cores" in rig.arithmetic[0]


@given(
    st.integers(1, 2_000_000),
    st.builds(
        cost,
        user_kib=st.floats(1, 1000),
        request_us=st.floats(1, 10_000),
        start_ms=st.floats(0.01, 100),
        worker_mib=st.floats(10, 500),
    ),
)
def test_the_workers_bear_all_users_with_cpu_to_spare(users: int, card: CostCard) -> None:
    rig = rig_for(users, card)
    assert rig.workers * rig.users_each >= users
    asked = rig.workers * rig.worker_requests.cpu_millis / 1000
    assert asked * CORE_SHARE_MAX >= users / 40 * card.tls.request_us / 1e6 * 0.999
    assert rig.worker_requests.cpu_millis <= rig.worker_limits.cpu_millis
    assert rig.worker_requests.memory_mib <= rig.worker_limits.memory_mib


def test_only_the_main_site_has_a_rig_and_only_where_the_province_has() -> None:
    assert plan_site(province(), "suzhou", "rehearsal").rig is None
    assert plan_site(example.small(), "main", "rehearsal").rig is None
    assert [n.name for n in main_site().namespaces][-2:] == ["edge", "load-rig"]


def test_the_quota_is_what_master_and_workers_request() -> None:
    plan = main_site()
    assert plan.rig is not None
    quota = next(n.quota for n in plan.namespaces if n.name == "load-rig")
    assert (quota.cpu_millis, quota.memory_mib) == rig_requests(plan.rig)
    assert quota.pods == plan.rig.workers + 1


@pytest.mark.parametrize(("cores", "gib"), [(7, 128), (32, 7)])
def test_a_pool_too_small_for_the_rig_is_refused(cores: int, gib: int) -> None:
    pool = {"purpose": "platform", "count": 1, "cpu_cores": cores, "memory_gib": gib}
    small = province(nodes=[pool], takeover_users=0)
    objectives = small.objectives.model_copy(update={"users_concurrent_min": 400_000})
    with pytest.raises(PlanError, match="main: the load rig needs") as caught:
        plan_site(small.model_copy(update={"objectives": objectives}), "main", "rehearsal")
    assert caught.value.hint


def test_a_stack_with_a_rig_has_as_many_resources_as_the_plan_says() -> None:
    assert len(recording().all) + 1 == resources_count(main_site())


def test_every_policy_holds() -> None:
    stack = Stack(
        manifest
        for registered in recording().all
        if registered.type.startswith("kubernetes:") and "kind" in registered.inputs
        for manifest in manifests_of(registered.inputs)
    )
    assert {m.name for m in stack.of("Job", "batch")} == {"load-master", "load-worker"}
    assert [str(finding) for rule in CATALOGUE for finding in rule.check(stack)] == []


def test_master_and_workers_are_parked_and_never_started_again() -> None:
    rig = main_site().rig
    assert rig is not None
    for name, pods in (("load-master", 1), ("load-worker", rig.workers)):
        assert (job(name)["suspend"], job(name)["backoffLimit"]) == (True, 0)
        assert job(name)["completions"] == job(name)["parallelism"] == pods
        assert pod(name)["restartPolicy"] == "Never"
        assert pod(name)["serviceAccountName"] == name
        assert pod(name)["priorityClassName"] == "suyun-school"


def test_the_processes_are_told_what_the_locustfile_reads() -> None:
    told = {
        name: {entry["name"]: entry for entry in pod(name)["containers"][0]["env"]}
        for name in ("load-master", "load-worker")
    }
    assert set(told["load-master"]) == {ORDER_FILE, RUN_FOLDER}
    assert set(told["load-worker"]) == {ORDER_FILE, WORKER}
    source = told["load-worker"][WORKER]["valueFrom"]["fieldRef"]["fieldPath"]
    assert source == "metadata.annotations['batch.kubernetes.io/job-completion-index']"
    assert job("load-worker")["completionMode"] == "Indexed"
    worker = pod("load-worker")["containers"][0]["args"]
    (port,) = recording().of("Service")["load-rig/load-master"]["spec"]["ports"]
    assert f"--master-port={port['port']:.0f}" in worker
    assert "--expect-workers=12" in pod("load-master")["containers"][0]["args"]


def test_a_drain_waits_for_the_end_of_a_run() -> None:
    budget = recording().of("PodDisruptionBudget")["load-rig/load-rig"]["spec"]
    assert budget["minAvailable"] == 13
    labels = job("load-worker")["template"]["metadata"]["labels"]
    assert budget["selector"]["matchLabels"].items() <= labels.items()


def test_the_rig_reaches_its_own_and_every_sites_edge_and_nothing_else() -> None:
    spec = recording().of("NetworkPolicy")["load-rig/allow-planned"]["spec"]
    (inward,) = spec["ingress"]
    (peer,) = inward["from"]
    assert peer["namespaceSelector"]["matchExpressions"][0]["values"] == ["load-rig"]
    _, own, edges = spec["egress"]
    assert own["to"] == inward["from"]
    assert [to["ipBlock"]["cidr"] for to in edges["to"]] == ["10.0.0.0/8", "fd00:32::/32"]
    assert [(p["protocol"], p["port"]) for p in edges["ports"]] == [("TCP", 443)]
    province_policy = recording().of("NetworkPolicy")["province/allow-planned"]["spec"]
    assert len(province_policy["egress"]) == 2


def test_the_plan_says_where_its_size_comes_from() -> None:
    reasons = describe(main_site(), promising(200_000)).reasons
    assert any("the load rig's 12 workers of 16,667 users" in reason for reason in reasons)
    assert any(reason.startswith("load rig, hold: 5,000 requests/s") for reason in reasons)
    without = dataclasses.replace(main_site(), rig=None)
    assert not any("load rig" in reason for reason in describe(without, promising(200_000)).reasons)
