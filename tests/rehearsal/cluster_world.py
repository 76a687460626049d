"""A management cluster of the small province with one branch, and ways to look into both."""

from __future__ import annotations

from infra.plan.fleet import plan_fleet
from infra.plan.values import FleetPlan
from province.province import Province
from province.sites import Purpose
from tests import worlds


def pair() -> Province:
    """The main center and one small branch that back each other up."""
    world = worlds.with_site(worlds.pair(), "suzhou", users_concurrent=2000)
    world = worlds.with_site(world, "main", takeover_users=2000)
    world = worlds.with_pool(world, "suzhou", Purpose.PLATFORM, count=4)
    return worlds.with_objectives(world, users_concurrent_min=2000)


def fleet() -> FleetPlan:
    """The same, planned."""
    return plan_fleet(pair(), "rehearsal")
