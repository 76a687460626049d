"""Acts out a site's loss at its partner: the real scheduler has to place its users' replicas.

There are no metrics in a rehearsal, so autoscalers do not act by themselves; what one would ask
for is asked for here, of the scale subresource that it uses. An autoscaler's own bound stays in
force all the while: it takes back what goes beyond `maxReplicas`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from evidence.records import PlacementRecord
from infra.fleet.cluster import Cluster, cluster
from infra.fleet.engine import SiteTarget
from infra.fleet.room import Room, room_of
from infra.fleet.scenes import beside, played
from infra.fleet.waiting import Wait
from infra.plan.values import SitePlan
from province.losses import Loss

DEADLINE_SECONDS = 60.0
Replicas = Mapping[str, int]


async def act_out(loss: Loss, partner: SiteTarget) -> PlacementRecord:
    """The loss, at its partner, and back to the plan. Cancelled, it stops at its next look.

    A cluster that does not answer is the record's `error`; nothing is raised.
    """
    plan = partner.plan
    assert isinstance(plan, SitePlan)  # noqa: S101 - a partner is a site, by the loss's making
    return await beside(lambda stopped: acted_out(loss, plan, partner.kubeconfig, stopped=stopped))


def acted_out(
    loss: Loss,
    plan: SitePlan,
    kubeconfig: Path,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
    stopped: Callable[[], bool] = lambda: False,
) -> PlacementRecord:
    """The same, blocking. Each of its three waits ends at the deadline at the latest."""
    record = PlacementRecord(
        lost=loss.lost,
        partner=loss.partner,
        users_moved=loss.users_moved,
        users_then=loss.users_then,
        pods_wanted=sum(loss.replicas.values()),
        disk_tb_needed=loss.disk_tb_needed,
        disk_tb_usable=loss.disk_tb_usable,
    )
    wait = Wait(seconds_max=deadline_seconds, stopped=stopped)

    def play() -> Mapping[str, object]:
        with cluster(plan, kubeconfig) as look:
            return _Scene(plan, look, wait).play(loss.replicas)

    return played(record, play)


class _Scene:
    """One loss in one cluster."""

    def __init__(
        self,
        plan: SitePlan,
        look: Cluster,
        wait: Wait,
    ) -> None:
        self._plan = plan
        self._look = look
        self._wait = wait

    def play(self, wanted: Replicas) -> dict[str, object]:
        """What a PlacementRecord says of it. The plan's replicas are asked for again at the end."""
        planned = {workload.name: workload.replicas for workload in self._plan.workloads}
        self._await(planned)
        before = room_of(self._plan, self._look)
        try:
            self._scale(wanted)
            self._await(wanted)
            then = room_of(self._plan, self._look)
        finally:
            self._scale(planned)
        return {
            "pods_planned": sum(planned.values()),
            "pods_planned_bound": before.bound,
            **_seen(then, sum(wanted.values())),
            "restored": self._await(planned),
        }

    def _scale(self, replicas: Replicas) -> None:
        for workload in self._plan.workloads:
            self._look.scale(workload.namespace, workload.name, replicas[workload.name])

    def _await(self, replicas: Replicas) -> bool:
        """Whether just as many as that became available, in time."""
        return self._wait.until(lambda: self._are(replicas))

    def _are(self, replicas: Replicas) -> bool:
        """Deployments are asked, not pods: seven objects a look instead of a hundred."""
        found = {(d.metadata.namespace, d.metadata.name): d for d in self._look.deployments()}
        return all(
            _is_at(found.get((workload.namespace, workload.name)), replicas[workload.name])
            for workload in self._plan.workloads
        )


def _is_at(deployment: Any, replicas: int) -> bool:  # noqa: ANN401 - a client without types
    """So many replicas were asked for, are there, and are available; no more and no fewer."""
    if deployment is None:
        return False
    status, seen = deployment.status, deployment.status.observed_generation or 0
    counts = (deployment.spec.replicas, status.replicas or 0, status.available_replicas or 0)
    return seen >= deployment.metadata.generation and set(counts) == {replicas}


def _seen(then: Room, wanted: int) -> dict[str, object]:
    return {
        "pods_bound": min(then.bound, wanted),
        "pods_refused": max(wanted - then.pods, 0),
        "reasons": then.reasons if then.bound < wanted else (),
        "cpu_free_ratio": then.cpu_free_ratio,
        "memory_free_ratio": then.memory_free_ratio,
        "quota_free_ratio": then.quota_free_ratio,
        "nodes": then.nodes,
        "nodes_simulated": then.nodes_simulated,
    }
