"""What holds data in an environment now, as each stack's last deployment told it."""

from __future__ import annotations

from collections.abc import Sequence

from infra.fleet.backend import Backend
from infra.plan.protection import Standing, StandingData, losses
from infra.plan.values import SitePlan
from province.findings import Finding

_OUTPUT = "data"


def standing(backend: Backend, environment: str) -> Standing:
    """By site; sites whose stack is not there, was taken down or holds no data are not in it."""
    told = {
        site: backend.outputs(f"{environment}.{site}").get(_OUTPUT)
        for site in backend.stacks(environment)
    }
    return {site: StandingData.model_validate(data) for site, data in told.items() if data}


def losses_of(backend: Backend, plans: Sequence[SitePlan]) -> tuple[Finding, ...]:
    """What carrying out those plans, all of one environment, would lose of what stands."""
    environments = {plan.environment for plan in plans if plan.data is not None}
    return tuple(
        finding
        for environment in environments
        for finding in losses(plans, standing(backend, environment))
    )
