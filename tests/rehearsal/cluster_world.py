"""A management cluster of the small province with one branch, and ways to look into both."""

from __future__ import annotations

from infra.plan.fleet import plan_fleet
from infra.plan.values import FleetPlan
from province.province import Province
from province.sites import Purpose
from tests import worlds


def pair() -> Province:
    """The main center and one small branch that back each other up."""
    world = worlds.without_site(worlds.small(), "xuzhou")
    world = worlds.with_site(world, "suzhou", backup_partner="main", users_concurrent=3000)
    world = worlds.with_pool(world, "suzhou", Purpose.PLATFORM, count=3)
    return worlds.with_objectives(world, branch_centers_min=1, storage_pb_min=0.5)


def fleet() -> FleetPlan:
    """The same, planned."""
    return plan_fleet(pair(), "rehearsal")
