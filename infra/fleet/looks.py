"""What the engine has to see in a cluster, whichever stack stands in it. All of it blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from infra.fleet import identity, leftovers, readiness
from infra.fleet.readiness import Readiness
from infra.plan.clusters import ClustersPlan
from infra.plan.values import SitePlan

StackPlan = SitePlan | ClustersPlan
"""What a stack is a transcription of: a site's plan, or that of what lies between the sites."""


class Looks(Protocol):
    """The looks, as the engine asks for them."""

    def require_site(self, plan: StackPlan, kubeconfig: Path) -> str:
        """The cluster's identity. Raises WrongClusterError when it is another site's."""

    def missing_now(self, plan: StackPlan, kubeconfig: Path) -> tuple[str, ...]:
        """What is not as planned at this moment."""

    def await_ready(
        self, plan: StackPlan, kubeconfig: Path, *, stopped: Callable[[], bool]
    ) -> Readiness:
        """Waits for the gate at the end of `up`."""

    def await_gone(
        self, plan: StackPlan, kubeconfig: Path, *, stopped: Callable[[], bool]
    ) -> tuple[str, ...]:
        """Waits for the end of what a destroy left; says what stays."""


class LiveLooks:
    """Looks into the real cluster."""

    require_site = staticmethod(identity.require_site)
    missing_now = staticmethod(readiness.missing_now)
    await_ready = staticmethod(readiness.await_ready)
    await_gone = staticmethod(leftovers.await_gone)
