"""A site's loss at its partner, acted out in a cluster that has only so much room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.records import PlacementRecord
from infra.fleet import placement, waiting
from infra.fleet.engine import SiteTarget
from infra.fleet.errors import FleetError
from infra.plan.site import plan_site
from infra.plan.values import SitePlan
from province.losses import losses
from tests import worlds

PLAN = plan_site(worlds.province(), "zhenjiang", "rehearsal")
(LOSS,) = (loss for loss in losses(worlds.province()) if loss.partner == "zhenjiang")
PLANNED = {workload.name: workload.replicas for workload in PLAN.workloads}


class SmallCluster:
    """Makes at most `quota` pods and binds at most `room` of them, at once."""

    def __init__(self, *, quota: int = 1000, room: int = 1000, dies_at_scale: int = 1000) -> None:
        self.replicas = dict(PLANNED)
        self.quota = quota
        self.room = room
        self.dies_at_scale = dies_at_scale
        self.scaled: list[tuple[str, int]] = []

    def scale(self, namespace: str, deployment: str, replicas: int) -> None:
        assert namespace == "city"
        self.scaled.append((deployment, replicas))
        if len(self.scaled) == self.dies_at_scale:
            raise FleetError("the cluster of zhenjiang does not answer", "see that it runs")
        self.replicas[deployment] = replicas

    def deployments(self) -> list[Any]:
        bound = [pod.metadata.labels["app.kubernetes.io/name"] for pod in self._bound()]
        return [_deployment(name, n, bound.count(name)) for name, n in self.replicas.items()]

    def all_pods(self) -> list[Any]:
        names = [name for name, n in self.replicas.items() for _ in range(n)][: self.quota]
        return [_pod(name, "n1" if i < self.room else None) for i, name in enumerate(names)]

    def nodes(self, pool: str) -> list[Any]:
        assert pool == "platform"
        metadata = SimpleNamespace(name="n1", annotations={"kwok.x-k8s.io/node": "fake"})
        status = SimpleNamespace(allocatable={"cpu": "100", "memory": "100Gi"})
        return [SimpleNamespace(metadata=metadata, status=status)]

    def quotas(self) -> list[Any]:
        used = {"pods": str(len(self.all_pods())), "requests.cpu": "10"}
        status = SimpleNamespace(used=used, hard={"pods": "60", "requests.cpu": "100"})
        return [SimpleNamespace(metadata=SimpleNamespace(namespace="city"), status=status)]

    def _bound(self) -> list[Any]:
        return [pod for pod in self.all_pods() if pod.spec.node_name is not None]


def _deployment(name: str, replicas: int, bound: int) -> Any:  # noqa: ANN401 - the client's
    selector = SimpleNamespace(match_labels={"app.kubernetes.io/name": name})
    return SimpleNamespace(
        metadata=SimpleNamespace(namespace="city", name=name, generation=1),
        spec=SimpleNamespace(replicas=replicas, selector=selector),
        status=SimpleNamespace(
            observed_generation=1, replicas=replicas, available_replicas=bound, conditions=()
        ),
    )


def _pod(name: str, node: str | None) -> Any:  # noqa: ANN401 - the client's
    labels = {"app.kubernetes.io/name": name, "suyun.io/site": "zhenjiang"}
    requests = {"cpu": "500m", "memory": "1Gi"}
    container = SimpleNamespace(resources=SimpleNamespace(requests=requests))
    waits = SimpleNamespace(
        type="PodScheduled", status="False", reason="Unschedulable", message="Insufficient cpu"
    )
    return SimpleNamespace(
        metadata=SimpleNamespace(namespace="city", labels=labels),
        spec=SimpleNamespace(node_name=node, containers=[container]),
        status=SimpleNamespace(
            phase="Running", conditions=[] if node else [waits], container_statuses=()
        ),
    )


def opened(monkeypatch: pytest.MonkeyPatch, here: SmallCluster) -> None:
    @contextmanager
    def opens(plan: SitePlan, kubeconfig: Path) -> Iterator[SmallCluster]:
        assert (plan, kubeconfig) == (PLAN, Path("kubeconfig"))
        yield here

    monkeypatch.setattr(placement, "cluster", opens)
    monkeypatch.setattr(waiting, "_LOOK_EVERY_SECONDS", 0.001)


def acted_out(monkeypatch: pytest.MonkeyPatch, here: SmallCluster) -> PlacementRecord:
    opened(monkeypatch, here)
    return placement.acted_out(LOSS, PLAN, Path("kubeconfig"), deadline_seconds=0.01)


def test_all_pods_of_both_sites_are_bound_and_the_plan_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = SmallCluster()
    record = acted_out(monkeypatch, here)
    wanted = sum(LOSS.replicas.values())
    assert (record.pods_wanted, record.pods_bound, record.pods_pending) == (wanted, wanted, 0)
    assert record.pods_planned == record.pods_planned_bound == sum(PLANNED.values()) < wanted
    assert record.cpu_free_ratio == pytest.approx(1 - wanted * 0.5 / 100)
    assert record.memory_free_ratio == pytest.approx(1 - wanted / 100)
    assert record.quota_free_ratio == pytest.approx(1 - wanted / 60)
    assert (record.nodes, record.nodes_simulated, record.error) == (1, True, None)
    assert record.restored
    assert here.replicas == PLANNED


def test_pods_without_a_node_are_counted_with_their_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = sum(LOSS.replicas.values())
    record = acted_out(monkeypatch, SmallCluster(room=wanted - 2))
    assert (record.pods_pending, record.pods_refused) == (2, 0)
    assert record.reasons == ("Unschedulable: Insufficient cpu",)
    assert record.restored


def test_pods_that_a_quota_refuses_are_pending_too(monkeypatch: pytest.MonkeyPatch) -> None:
    record = acted_out(monkeypatch, SmallCluster(quota=sum(LOSS.replicas.values()) - 3))
    assert (record.pods_pending, record.pods_refused) == (3, 3)


def test_a_cluster_that_dies_in_the_middle_is_an_error_and_the_plan_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = SmallCluster(dies_at_scale=3)
    record = acted_out(monkeypatch, here)
    assert record.error == "the cluster of zhenjiang does not answer"
    assert not record.restored
    assert here.replicas == PLANNED


def test_whoever_cancels_need_not_wait_for_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    here = SmallCluster(room=0)
    opened(monkeypatch, here)

    async def cancelled() -> None:
        target = SiteTarget(plan=PLAN, kubeconfig=Path("kubeconfig"))
        work = asyncio.ensure_future(placement.act_out(LOSS, target))
        await asyncio.sleep(0.02)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    started = time.monotonic()
    asyncio.run(cancelled())  # waits for the thread as well
    assert time.monotonic() - started < placement.DEADLINE_SECONDS / 10
    assert here.replicas == PLANNED


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 40_000), st.integers(0, 40_000))
def test_what_a_loss_asks_for_is_what_the_partners_plan_allows(own: int, lost: int) -> None:
    world = worlds.with_site(worlds.small(), "suzhou", users_concurrent=lost)
    world = worlds.with_site(world, "xuzhou", users_concurrent=own, takeover_users=lost)
    (loss,) = (loss for loss in losses(world) if loss.lost == "suzhou")
    plan = plan_site(world, "xuzhou", "rehearsal")
    assert loss.users_then == own + lost
    assert loss.replicas == {workload.name: workload.replicas_max for workload in plan.workloads}


def test_each_site_is_lost_once_and_each_is_once_a_partner() -> None:
    all_of_them = losses(worlds.province())
    sites = {site.id for site in worlds.province().sites}
    assert {loss.lost for loss in all_of_them} == {loss.partner for loss in all_of_them} == sites
    assert len(all_of_them) == len(sites)
    assert all(loss.disk_tb_needed < loss.disk_tb_usable for loss in all_of_them)
