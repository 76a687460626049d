from __future__ import annotations

import pytest
import yaml

from infra.fleet.backend import PROJECT, ROOT
from infra.fleet.looks import StackPlan
from infra.plan.clusters import plan_clusters
from infra.plan.fleet import plan_fleet
from tests import worlds

ENVIRONMENTS = ("rehearsal", "production")


def planned_stacks(environment: str) -> tuple[StackPlan, ...]:
    """Every site's, and the one between them."""
    fleet = plan_fleet(worlds.province(), environment)
    return (*fleet.sites, plan_clusters(fleet))


def test_there_is_one_stack_file_for_each_site_and_environment() -> None:
    planned = {
        f"Pulumi.{plan.stack}.yaml"
        for environment in ENVIRONMENTS
        for plan in planned_stacks(environment)
    }
    assert {file.name for file in (ROOT / "stacks").glob("Pulumi.*.yaml")} == planned


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_stack_file_names_its_site_environment_and_province(environment: str) -> None:
    for plan in planned_stacks(environment):
        file = ROOT / "stacks" / f"Pulumi.{plan.stack}.yaml"
        assert yaml.safe_load(file.read_text("utf-8"))["config"] == {
            "suyun:environment": environment,
            "suyun:province": "stacks/province.yaml",
            "suyun:site": plan.site,
        }


def test_by_hand_the_project_runs_the_same_program() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))
    assert project["name"] == PROJECT
    assert project["main"] == "infra/"
    assert project["stackConfigDir"] == "stacks/"
    assert (ROOT / project["main"] / "__main__.py").is_file()
