"""Which clusters the fleet commands work in."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.plan.fleet import plan_fleet
from release.errors import InputError
from release.standing import given_ground
from release.workspace import Workspace
from tests import worlds

FLEET = plan_fleet(worlds.small(), "production")


def kubeconfigs(folder: Path, *sites: str) -> Path:
    for site in sites:
        (folder / f"{site}.yaml").write_text("{}")
    return folder


def test_who_gives_every_kubeconfig_has_made_the_clusters_himself(tmp_path: Path) -> None:
    folder = kubeconfigs(tmp_path, "main", "suzhou", "xuzhou")
    ground = given_ground(Workspace.here(), folder, FLEET)
    assert not ground.is_ours
    targets = ground.targets(FLEET.sites)
    assert [target.kubeconfig.name for target in targets] == [f"{s.site}.yaml" for s in FLEET.sites]


def test_the_main_sites_kubeconfig_is_enough(tmp_path: Path) -> None:
    ground = given_ground(Workspace.here(), kubeconfigs(tmp_path, "main"), FLEET)
    assert ground.is_ours
    assert ground.clusters is not None
    assert ground.clusters.plan.stack == "production.fleet"
    assert ground.clusters.kubeconfig == tmp_path / "main.yaml"
    (target,) = ground.targets(FLEET.sites[:1])
    assert target.kubeconfig == tmp_path / "main.yaml"


def test_without_it_the_missing_ones_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        given_ground(Workspace.here(), kubeconfigs(tmp_path, "suzhou"), FLEET)
    assert "no kubeconfig for main, xuzhou" in error.value.cause
    assert "main.yaml" in error.value.hint


def test_production_needs_a_folder() -> None:
    with pytest.raises(InputError, match="kubeconfigs"):
        given_ground(Workspace.here(), None, FLEET)
