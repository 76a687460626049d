"""In which order the fleet commands work on the stacks, and which of them a wave has."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from evidence.records import StackRecord
from infra.fleet.engine import FleetEngine, Operation, SiteTarget, StackOutcome
from infra.fleet.journal import Journal
from infra.fleet.waves import in_wave
from infra.plan.clusters import plan_clusters
from infra.plan.fleet import plan_fleet
from release.commands.fleet import FleetOrder, _in_order
from release.narrator import Narrator
from release.standing import Ground
from tests import worlds

FLEET = plan_fleet(worlds.small(), "production")
UP = FleetOrder(
    operation="up",
    environment="production",
    sites=None,
    kubeconfigs=None,
    parallel=2,
    province_file=None,
)


class FakeEngine:
    """Does nothing, and keeps what it was asked to do; some stacks fail."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder)
        self.failing: set[str] = set()
        self.asked: list[tuple[str, ...]] = []

    async def operate(
        self,
        operation: Operation,
        targets: Sequence[SiteTarget],
        *_: Any,  # noqa: ANN401 - who is told of progress
        **__: Any,  # noqa: ANN401 - whether what stands is skipped
    ) -> tuple[StackOutcome, ...]:
        sites = tuple(target.plan.site for target in targets)
        self.asked.append((operation, *sites))
        return tuple(
            StackOutcome(
                record=StackRecord(
                    site=site,
                    stack=site,
                    operation=operation,
                    seconds=0,
                    resources=0,
                    error="no" if site in self.failing else None,
                )
            )
            for site in sites
        )


def ground(*, is_ours: bool = True) -> Ground:
    """Kubeconfigs of all sites, as if the branches' had been taken from their Secrets."""
    given = {plan.site: Path(plan.site) for plan in FLEET.sites}
    clusters = SiteTarget(plan=plan_clusters(FLEET), kubeconfig=given["main"])
    return Ground(clusters=clusters, given=given, folder=Path("ways"), is_ours=is_ours)


def worked(engine: FakeEngine, order: FleetOrder, where: Ground | None = None) -> list[Any]:
    plans = in_wave(FLEET, order.wave) if order.wave else FLEET.sites
    narrator = Narrator(Console(file=io.StringIO()))
    asked = _in_order(order, where or ground(), plans, cast("FleetEngine", engine), narrator)
    asyncio.run(asked)
    return engine.asked


def test_clusters_come_before_what_stands_in_them_and_go_after_it(tmp_path: Path) -> None:
    assert worked(FakeEngine(tmp_path), UP) == [("up", "fleet"), ("up", "main", "suzhou", "xuzhou")]
    assert worked(FakeEngine(tmp_path), replace(UP, operation="destroy")) == [
        ("destroy", "main", "suzhou", "xuzhou"),
        ("destroy", "fleet"),
    ]


def test_what_has_failed_is_not_built_upon(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path)
    engine.failing = {"fleet"}
    assert worked(engine, UP) == [("up", "fleet")]
    engine = FakeEngine(tmp_path)
    engine.failing = {"suzhou"}
    (destroyed,) = worked(engine, replace(UP, operation="destroy"))
    assert "fleet" not in destroyed


def test_chosen_sites_and_clusters_of_others_are_left_as_they_are(tmp_path: Path) -> None:
    sites = ("up", "main", "suzhou", "xuzhou")
    assert worked(FakeEngine(tmp_path), replace(UP, sites=["main"])) == [sites]
    assert worked(FakeEngine(tmp_path), UP, ground(is_ours=False)) == [sites]


def test_a_change_of_clusters_that_stand_waits_for_the_gate(tmp_path: Path) -> None:
    engine, canary = FakeEngine(tmp_path), replace(UP, wave="canary")
    assert worked(engine, canary) == [
        ("up", "fleet"),
        ("up", "main", "xuzhou"),
        ("second-preview", "main", "xuzhou"),
    ]
    engine.journal.brought_up(plan_clusters(FLEET), resources=1)
    engine.asked.clear()
    assert ("up", "fleet") not in worked(engine, canary)
    engine.asked.clear()
    assert worked(engine, replace(UP, wave="rest")) == [("up", "fleet"), ("up", "suzhou")]
