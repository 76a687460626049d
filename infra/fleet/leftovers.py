"""What a destroy left in a cluster. Namespaces end by and by, so the look has a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from infra.fleet.cluster import cluster
from infra.plan.values import SitePlan

DEADLINE_SECONDS = 180.0
_LOOK_EVERY_SECONDS = 1.0


def await_gone(
    plan: SitePlan,
    kubeconfig: Path,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[str, ...]:
    """What of ours is left when the deadline has passed: nothing, if all went well. Blocks.

    Raises FleetError when the cluster does not answer.
    """
    started = time.monotonic()
    with cluster(plan, kubeconfig) as look:
        while True:
            left = look.leftovers()
            if not left or time.monotonic() - started >= deadline_seconds or stopped():
                return left
            time.sleep(_LOOK_EVERY_SECONDS)
