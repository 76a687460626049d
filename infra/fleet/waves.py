"""Two waves of an `up`: a canary, and the rest behind a gate.

The canary is the main center, without which no branch serves, and the smallest branch, where a
mistake meets the fewest people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from evidence.verdict import ExitCode
from infra.fleet.errors import FleetError
from infra.fleet.journal import Journal
from infra.plan.values import FleetPlan, SitePlan
from province.sites import Role

Wave = Literal["canary", "rest"]


class GateClosedError(FleetError):
    """The canary does not stand yet as it should; nothing was changed."""

    exit_code = ExitCode.BAD_INPUT


def in_wave(fleet: FleetPlan, wave: Wave) -> tuple[SitePlan, ...]:
    """That wave's sites, in the fleet's order. Each site is in one of the two."""
    canary = _canary(fleet)
    return tuple(plan for plan in fleet.sites if (plan.site in canary) == (wave == "canary"))


def require_canary(fleet: FleetPlan, journal: Journal) -> None:
    """Raises GateClosedError unless each canary was brought up whole and previewed as unchanged.

    Both from the very plan and program that are there now.
    """
    reasons = list(_reasons(in_wave(fleet, "canary"), journal))
    if reasons:
        raise GateClosedError(
            f"the canary wave does not let the rest through: {'; '.join(reasons)}",
            "./suyun up --wave canary brings it up and previews it again",
        )


def _canary(fleet: FleetPlan) -> set[str]:
    branches = [plan for plan in fleet.sites if plan.role is Role.BRANCH]
    smallest = min(branches, key=lambda plan: (plan.users_concurrent, plan.site), default=None)
    mains = {plan.site for plan in fleet.sites if plan.role is Role.MAIN}
    return mains | ({smallest.site} if smallest else set())


def _reasons(canary: Sequence[SitePlan], journal: Journal) -> Iterator[str]:
    for plan in canary:
        standing = journal.stands(plan)
        if standing is None:
            other = journal.standing(plan) is not None
            yield f"{plan.site} " + ("stands by another plan" if other else "does not stand")
        elif not standing.previewed:
            yield f"{plan.site} had no second preview that was empty"
