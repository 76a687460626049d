"""The gate's look at what holds data: by status in production, by being there in a rehearsal."""

from __future__ import annotations

from typing import Any

from infra.fleet.data_readiness import missing_data
from infra.plan.site import plan_site
from tests import worlds


class FakeLook:
    """Main's data as its operators leave it, until a test changes something."""

    def __init__(self) -> None:
        self.clusters: dict[str, Any] = {"base-main": {"readyInstances": 3}}
        available = {"phase": "Available"}
        self.locations: dict[str, Any] = {"own": available, "of-xuzhou": available}

    def databases(self) -> list[Any]:
        return _objects(self.clusters)

    def backup_locations(self) -> list[Any]:
        return _objects(self.locations)


def _objects(statuses: dict[str, Any]) -> list[Any]:
    return [{"metadata": {"name": name}, "status": status} for name, status in statuses.items()]


def missing(look: FakeLook, environment: str = "production") -> tuple[str, ...]:
    plan = plan_site(worlds.small(), "main", environment).data
    assert plan is not None
    return missing_data(plan, look)


def test_what_stands_misses_nothing() -> None:
    assert missing(FakeLook()) == ()


def test_an_instance_that_is_not_ready_is_told_with_the_operators_word() -> None:
    look = FakeLook()
    look.clusters["base-main"] = {"readyInstances": 2, "phase": "Creating a new replica"}
    assert missing(look) == (
        "Cluster database/base-main: 2 of 3 instances ready: Creating a new replica",
    )


def test_a_bucket_out_of_reach_is_told() -> None:
    look = FakeLook()
    look.locations["own"] = {"phase": "Unavailable", "message": "no such bucket"}
    assert missing(look) == ("BackupStorageLocation backup/own: no such bucket",)


def test_a_rehearsal_has_no_operators_to_wait_for() -> None:
    look = FakeLook()
    look.clusters, look.locations = {"base-main": None}, {"own": None, "of-xuzhou": None}
    assert missing(look, "rehearsal") == ()
    assert len(missing(look)) == 3


def test_what_is_not_there_is_named_everywhere() -> None:
    look = FakeLook()
    look.clusters, look.locations = {}, {"own": None}
    assert missing(look, "rehearsal") == (
        "BackupStorageLocation backup/of-xuzhou: is not there",
        "Cluster database/base-main: is not there",
    )
