"""The batch of jobs: how it is sized, and what is made of what the queues say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evidence.records import BatchRecord
from infra.fleet import batch as sending
from infra.fleet import waiting
from infra.fleet.engine import SiteTarget
from infra.fleet.errors import FleetError
from infra.fleet.jobs import TOO_LARGE, Jobs, Queue, job_bodies
from infra.plan.batch import plan_batch
from infra.plan.errors import PlanError
from infra.plan.fleet import plan_fleet
from infra.plan.values import SitePlan
from tests import worlds

FLEET = plan_fleet(worlds.small(), "rehearsal")
BATCH = plan_batch(FLEET)
TARGETS = tuple(SiteTarget(plan=plan, kubeconfig=Path(plan.site)) for plan in FLEET.sites)


class Lane:
    """The main center's queue and its ends: deals jobs out in turn."""

    def __init__(
        self,
        *,
        reached: bool = True,
        stuck: int = 0,
        dies_at: str = "",
        lazy_cities: bool = False,
    ) -> None:
        self.reached = reached
        self.stuck = stuck
        self.dies_at = dies_at
        self.lazy_cities = lazy_cities
        self.created: list[str] = []
        self.of_cities: list[str] = []

    def ran(self) -> list[str]:
        fit = [name for name in self.created if name != TOO_LARGE]
        return fit[: len(fit) - self.stuck]


class Ends(Jobs):
    """One cluster's jobs."""

    def __init__(self, lane: Lane, site: str, namespace: str) -> None:
        self._lane = lane
        self._site = site
        self._mine = lane.of_cities if namespace == "city" else lane.created

    def create(self, body: Mapping[str, Any]) -> None:
        name = body["metadata"]["name"]
        if name == self._lane.dies_at:
            raise FleetError("the cluster of main does not answer", "see that it runs")
        self._mine.append(name)

    def delete(self) -> None:
        self._mine.clear()

    def complete(self) -> int:
        return len(self._lane.ran())

    def are_gone(self) -> bool:
        return not self._mine

    def running(self) -> int:
        return 0 if self._lane.lazy_cities else len(self._mine)

    def ran(self) -> set[str]:
        number = BATCH.clusters.index(self._site)
        return set(self._lane.ran()[number :: len(BATCH.clusters)])

    def refusal(self) -> str | None:
        return "insufficient quota" if TOO_LARGE in self._lane.created else None

    def queue(self, name: str) -> Queue:
        assert name == BATCH.queue
        given = [{"resources": [{"name": "cpu", "total": "3500m"}, {"name": "pods", "total": 9}]}]
        active = [{"type": "Active", "status": "True"}]
        status = {"pendingWorkloads": 2, "flavorsReservation": given, "conditions": active}
        return Queue({"status": status})

    def unreached(self, clusters: Iterable[str]) -> Iterator[str]:
        yield from () if self._lane.reached else (f"{name} (BadConfig)" for name in clusters)


def sent(monkeypatch: pytest.MonkeyPatch, lane: Lane) -> BatchRecord:
    @contextmanager
    def opens(plan: SitePlan, kubeconfig: Path) -> Iterator[Any]:
        assert kubeconfig == Path(plan.site)
        yield SimpleNamespace(jobs=lambda place: Ends(lane, plan.site, place))

    monkeypatch.setattr(sending, "cluster", opens)
    monkeypatch.setattr(waiting, "_LOOK_EVERY_SECONDS", 0.001)
    return sending.sent(BATCH, TARGETS[0], TARGETS[1:], deadline_seconds=0.02)


def test_no_branch_can_take_the_batch_alone_and_the_queue_can_take_all_but_one() -> None:
    taken = BATCH.jobs // 2 * BATCH.pods_each * BATCH.pod.cpu_millis
    assert taken == BATCH.cpu_millis_quota
    assert BATCH.pods_too_many * BATCH.pod.cpu_millis > BATCH.cpu_millis_quota
    assert (BATCH.pods_too_many - 1) * BATCH.pod.cpu_millis <= BATCH.cpu_millis_quota
    assert BATCH.clusters == ("suzhou", "xuzhou")


def test_the_lane_with_most_branches_is_taken() -> None:
    assert len(plan_batch(plan_fleet(worlds.province(), "rehearsal")).clusters) == 7


def test_without_branches_there_is_no_batch() -> None:
    main = FLEET.sites[0]
    alone = replace(main, compute=replace(main.compute, lanes=(), queues=()))
    with pytest.raises(PlanError, match="leads anywhere"):
        plan_batch(replace(FLEET, sites=(alone,)))


def test_jobs_come_suspended_and_keep_the_rules_of_pods() -> None:
    bodies = list(job_bodies(BATCH))
    assert len({body["metadata"]["name"] for body in bodies}) == BATCH.jobs + 1
    for body in bodies:
        assert body["spec"]["suspend"]
        assert body["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == BATCH.queue
        (container,) = body["spec"]["template"]["spec"]["containers"]
        assert container["resources"]["limits"] == container["resources"]["requests"]
        assert "@sha256:" in container["image"]
        assert container["securityContext"]["readOnlyRootFilesystem"]


def test_a_batch_goes_out_comes_back_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Lane()
    record = sent(monkeypatch, lane)
    assert (record.error, record.completed, record.cleared) == (None, BATCH.jobs, True)
    assert record.landed == {"suzhou": 2, "xuzhou": 2}
    assert (record.cpu_millis_reserved_max, record.waiting_max) == (3500, 2)
    assert record.refusal == "insufficient quota"
    assert lane.created == lane.of_cities == []


def test_jobs_that_do_not_end_are_told_and_cleared_away(monkeypatch: pytest.MonkeyPatch) -> None:
    record = sent(monkeypatch, Lane(stuck=1))
    assert (record.completed, record.cleared, record.error) == (BATCH.jobs - 1, True, None)


def test_a_queue_that_never_opens_is_an_error_that_names_the_branches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lane = Lane(reached=False)
    record = sent(monkeypatch, lane)
    assert record.error == f"{BATCH.queue} is not open: suzhou (BadConfig), xuzhou (BadConfig)"
    assert record.jobs == BATCH.jobs
    assert lane.created == []


def test_a_city_whose_own_job_is_not_let_run_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Lane(lazy_cities=True)
    assert sent(monkeypatch, lane).error == "a city's own job is not let run"
    assert lane.created == lane.of_cities == []


def test_a_cluster_that_dies_in_the_middle_is_an_error_and_what_was_sent_is_taken_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lane = Lane(dies_at="compute-batch-03")
    record = sent(monkeypatch, lane)
    assert record.error == "the cluster of main does not answer"
    assert lane.created == []
