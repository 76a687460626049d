"""Sends a batch of jobs through one queue of the main center, and sees where they ran.

Jobs come suspended, as Kueue's webhook would make them. What decides is Kueue's own: the main
center's controller gives quota and picks a branch, the branch's gives quota again and lets the job
run there. Nothing of it is left afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

from evidence.records import BatchRecord
from infra.fleet.cluster import Cluster, cluster
from infra.fleet.engine import SiteTarget
from infra.fleet.errors import FleetError
from infra.fleet.jobs import Jobs, city_job_body, job_bodies
from infra.fleet.scenes import beside, played
from infra.fleet.waiting import Wait
from infra.plan.batch import BatchPlan, CityJobPlan
from infra.plan.values import SitePlan

T = TypeVar("T")
DEADLINE_SECONDS = 180.0
"""Of waiting for what is not promised by any time: jobs on a slow machine are no broken lane."""


async def send(batch: BatchPlan, main: SiteTarget, branches: Sequence[SiteTarget]) -> BatchRecord:
    """The batch, sent and cleared away. Cancelled, it stops at its next look.

    `branches` are those of the batch's clusters. A cluster that does not answer is the record's
    `error`, and so is a queue that never opened; nothing is raised.
    """
    return await beside(lambda stopped: sent(batch, main, branches, stopped=stopped))


def sent(
    batch: BatchPlan,
    main: SiteTarget,
    branches: Sequence[SiteTarget],
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
    stopped: Callable[[], bool] = lambda: False,
) -> BatchRecord:
    """The same, blocking. Each of its three waits ends at the deadline at the latest."""
    record = BatchRecord(
        queue=batch.queue,
        sites=batch.clusters,
        jobs=batch.jobs,
        pods=batch.jobs * batch.pods_each,
        cpu_millis_quota=batch.cpu_millis_quota,
    )
    wait = Wait(seconds_max=deadline_seconds, stopped=stopped)

    def play() -> Mapping[str, object]:
        with _cluster(main) as look:
            return _Scene(batch, look.jobs(batch.namespace), branches, wait).play()

    return played(record, play)


class _Scene:
    """One batch, from the main center's queue to the branches and back."""

    def __init__(
        self,
        batch: BatchPlan,
        main: Jobs,
        branches: Sequence[SiteTarget],
        wait: Wait,
    ) -> None:
        self._batch = batch
        self._main = main
        self._branches = branches
        self._wait = wait
        self._reserved = self._waiting = 0

    def play(self) -> dict[str, object]:
        """What a BatchRecord says of it. Raises FleetError when the queue does not open."""
        self._require_open()
        try:
            self._keep_cities_busy()
            began = time.monotonic()
            for body in job_bodies(self._batch):
                self._main.create(body)
            self._wait.until(self._has_ended)
            refusal = self._main.refusal()
            seen = {
                "completed": self._main.complete(),
                "landed": {
                    branch.plan.site: len(self._at(branch, lambda jobs: jobs.ran()))
                    for branch in self._branches
                },
                "cpu_millis_reserved_max": self._reserved,
                "waiting_max": self._waiting,
                "refusal": refusal,
                "batch_seconds": time.monotonic() - began,
            }
        finally:
            self._main.delete()
            for branch, job in self._city_jobs():
                self._in(branch, job.namespace, lambda jobs: jobs.delete())
        return {**seen, "cleared": self._wait.until(self._is_cleared)}

    def _require_open(self) -> None:
        """The queue is active, and each branch behind it was reached."""
        if not self._wait.until(self._is_open):
            unreached = ", ".join(self._main.unreached(self._batch.clusters))
            raise FleetError(
                f"{self._batch.queue} is not open: {unreached or 'it is not active'}",
                "look into kueue.log of the main center and of those branches",
            )

    def _is_open(self) -> bool:
        unreached = list(self._main.unreached(self._batch.clusters))
        return not unreached and self._main.queue(self._batch.queue).active

    def _has_ended(self) -> bool:
        """All that fits has run, and what does not has been told so."""
        queue = self._main.queue(self._batch.queue)
        self._reserved = max(self._reserved, queue.cpu_millis_reserved)
        self._waiting = max(self._waiting, queue.waiting)
        return self._main.complete() >= self._batch.jobs and self._main.refusal() is not None

    def _is_cleared(self) -> bool:
        places = [(branch, self._batch.namespace) for branch in self._branches]
        places += [(branch, job.namespace) for branch, job in self._city_jobs()]
        return self._main.are_gone() and all(
            self._in(*place, lambda jobs: jobs.are_gone()) for place in places
        )

    def _keep_cities_busy(self) -> None:
        """Raises FleetError when a city's own job is not let run."""
        for branch, job in self._city_jobs():
            self._keep_busy(branch, job)
        if not self._wait.until(self._are_cities_busy):
            raise FleetError("a city's own job is not let run", "look into its branch's kueue.log")

    def _keep_busy(self, branch: SiteTarget, job: CityJobPlan) -> None:
        self._in(branch, job.namespace, lambda jobs: jobs.create(city_job_body(job)))

    def _are_cities_busy(self) -> bool:
        return all(
            self._in(branch, job.namespace, lambda jobs: jobs.running())
            for branch, job in self._city_jobs()
        )

    def _city_jobs(self) -> Iterator[tuple[SiteTarget, CityJobPlan]]:
        sites = {branch.plan.site: branch for branch in self._branches}
        return ((sites[job.site], job) for job in self._batch.city_jobs)

    def _at(self, branch: SiteTarget, ask: Callable[[Jobs], T]) -> T:
        return self._in(branch, self._batch.namespace, ask)

    def _in(self, branch: SiteTarget, namespace: str, ask: Callable[[Jobs], T]) -> T:
        """Opened for each question, so that an error names the cluster that it came from."""
        with _cluster(branch) as look:
            return ask(look.jobs(namespace))


def _cluster(target: SiteTarget) -> AbstractContextManager[Cluster]:
    assert isinstance(target.plan, SitePlan)  # noqa: S101 - jobs run at sites, by the batch's making
    return cluster(target.plan, target.kubeconfig)
