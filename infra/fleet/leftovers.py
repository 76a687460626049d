"""What a destroy left in a cluster. Namespaces end by and by, so the look has a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from infra.fleet.cluster import cluster
from infra.fleet.clusters import clusters_left
from infra.plan.clusters import ClustersPlan
from infra.plan.values import SitePlan

DEADLINE_SECONDS = 180.0
_LOOK_EVERY_SECONDS = 1.0


def await_gone(
    plan: SitePlan | ClustersPlan,
    kubeconfig: Path,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[str, ...]:
    """What of ours is left when the deadline has passed: nothing, if all went well. Blocks.

    Raises FleetError when the cluster does not answer.
    """
    started = time.monotonic()
    while True:
        left = _look(plan, kubeconfig)
        if not left or time.monotonic() - started >= deadline_seconds or stopped():
            return left
        time.sleep(_LOOK_EVERY_SECONDS)


def _look(plan: SitePlan | ClustersPlan, kubeconfig: Path) -> tuple[str, ...]:
    if isinstance(plan, ClustersPlan):
        return clusters_left(plan, kubeconfig)
    with cluster(plan, kubeconfig) as look:
        return look.leftovers()
