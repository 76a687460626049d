"""The plans of all sites of one environment."""

from __future__ import annotations

from infra.plan.site import plan_site
from infra.plan.values import FleetPlan
from province.province import Province


def plan_fleet(province: Province, environment: str) -> FleetPlan:
    """One plan per site, the main site first, then the branches in the order of the file.

    Raises PlanError naming the first site that cannot be planned.
    """
    sites = (province.main, *province.branches)
    return FleetPlan(
        environment=environment,
        sites=tuple(plan_site(province, site.id, environment) for site in sites),
    )
