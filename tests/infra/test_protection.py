"""A change that would lose data in one step is refused, with the steps that do not."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from infra.fleet.backend import Backend
from infra.fleet.engine import Operation
from infra.fleet.standing import losses_of, standing
from infra.plan.fleet import plan_fleet
from infra.plan.protection import Standing, StandingData, losses, standing_of
from province.data import Handover
from province.findings import Finding
from province.province import Province
from tests import worlds
from tests.infra.test_engine import World


def stands(world: Province) -> Standing:
    plans = plan_fleet(world, "rehearsal").sites
    return {plan.site: standing_of(plan.data) for plan in plans if plan.data}


def lost(world: Province, before: Province | None = None) -> list[Finding]:
    standing = stands(before) if before else {}
    return list(losses(plan_fleet(world, "rehearsal").sites, standing))


def handover(token: str | None) -> Province:
    return worlds.with_handover(worlds.small(), Handover(to="xuzhou", promotion_token=token))


def moved(**changes: str) -> Province:
    """Main's copies go to xuzhou, where they were at suzhou."""
    return worlds.with_site(worlds.small(), "main", backup_partner="xuzhou", **changes)


def test_a_first_deployment_and_the_same_again_lose_nothing() -> None:
    assert lost(worlds.small()) == []
    assert lost(worlds.small(), worlds.small()) == []


def test_a_primary_that_moves_in_one_step_is_refused_with_the_steps() -> None:
    (finding,) = lost(worlds.with_primary(worlds.small(), "xuzhou"), worlds.small())
    assert (finding.rule, finding.subject) == ("promotions-follow-demotions", "xuzhou")
    assert finding.evidence == "base-main takes writes still; base-xuzhou would be a second primary"
    first, second, third = finding.hint.split("; ")
    assert "handover: {to: xuzhou}" in first
    assert "demotionToken" in second
    assert "primary: xuzhou, remove handover" in third


def test_the_steps_of_the_hint_lose_nothing() -> None:
    worldline = [
        worlds.small(),
        handover(None),
        handover("token"),
        worlds.with_primary(worlds.small(), "xuzhou"),
    ]
    for before, after in itertools.pairwise(worldline):
        assert lost(after, before) == []


def test_a_token_does_not_help_while_the_old_primary_takes_writes() -> None:
    (finding,) = lost(handover("token"), worlds.small())
    assert "second primary" in finding.evidence


def test_a_promotion_without_the_token_is_refused() -> None:
    (finding,) = lost(worlds.with_primary(worlds.small(), "xuzhou"), handover(None))
    assert finding.evidence == "base-xuzhou would be promoted without the token of the old primary"


def test_the_first_primary_is_where_the_database_is_made() -> None:
    (finding,) = lost(worlds.with_primary(worlds.small(), "xuzhou"))
    assert (finding.rule, finding.subject) == ("promotions-follow-demotions", "xuzhou")


def test_a_first_up_that_failed_at_the_primary_alone_can_be_done_again() -> None:
    plans = plan_fleet(worlds.small(), "rehearsal").sites
    others = {site: data for site, data in stands(worlds.small()).items() if site != "main"}
    assert losses(plans, others) == ()
    follow_another = {
        site: data.model_copy(update={"primary": "base-xuzhou"}) for site, data in others.items()
    }
    found = losses(plans, follow_another)
    assert [finding.rule for finding in found] == ["promotions-follow-demotions"]


def test_copies_are_not_left_before_there_are_others() -> None:
    (finding,) = lost(moved(), worlds.small())
    assert (finding.rule, finding.subject) == ("copies-are-moved-before-they-are-left", "main")
    assert "former_partner: suzhou beside backup_partner: xuzhou" in finding.hint
    with_former = moved(former_partner="suzhou")
    assert lost(with_former, worlds.small()) == []
    assert lost(moved(), with_former) == []


def test_a_partners_removal_is_the_same_loss() -> None:
    without = worlds.with_database(
        worlds.without_site(moved(), "suzhou"), holders=("main", "xuzhou")
    )
    assert "main" in {finding.subject for finding in lost(without, worlds.small())}


def test_a_database_that_stands_is_not_dropped_from_the_plan() -> None:
    now = plan_fleet(worlds.province(), "rehearsal").sites
    standing = stands(worlds.province())
    at_nanjing = {"copies_at": "taizhou", "database": "base-nanjing"}
    follows = StandingData.model_validate({**at_nanjing, "primary": "base-main"})
    writes = StandingData.model_validate({**at_nanjing, "primary": "base-nanjing"})
    assert losses(now, {**standing, "nanjing": follows}) == ()
    only_copy = {"main": standing["main"], "nanjing": follows}
    for before in (only_copy, {**standing, "nanjing": writes}):
        found = {(finding.rule, finding.subject) for finding in losses(now, before)}
        assert ("databases-are-left-in-order", "nanjing") in found


def leave_standing(state: Path, world: Province) -> None:
    """The stacks' states as an `up` of that province has left them."""
    folder = state / "backend" / ".pulumi" / "stacks" / "suyun"
    folder.mkdir(parents=True)
    for site, data in stands(world).items():
        root = {"type": "pulumi:pulumi:Stack", "outputs": {"data": data.model_dump()}}
        (folder / f"rehearsal.{site}.json").write_text(_state([root]))
    (folder / "rehearsal.wuxi.json").write_text(_state([]))


def _state(resources: list[dict[str, object]]) -> str:
    return json.dumps({"checkpoint": {"latest": {"resources": resources}}})


def test_what_stands_is_read_from_the_stacks_states(tmp_path: Path) -> None:
    leave_standing(tmp_path, worlds.small())
    backend = Backend(tmp_path)
    assert standing(backend, "rehearsal") == stands(worlds.small())
    assert standing(backend, "production") == {}
    changed = plan_fleet(worlds.with_primary(worlds.small(), "xuzhou"), "rehearsal").sites
    assert [finding.subject for finding in losses_of(backend, changed)] == ["xuzhou"]


@pytest.mark.parametrize("operation", ["preview", "up"])
def test_a_loss_at_one_site_is_begun_at_none(tmp_path: Path, operation: Operation) -> None:
    world = World(tmp_path, {})
    leave_standing(tmp_path / "state" / "pulumi", worlds.small())
    changed = plan_fleet(worlds.with_primary(worlds.small(), "xuzhou"), "rehearsal")
    outcomes = world.operate(operation, fleet=changed)
    assert world.supervisor.orders == []
    assert {o.record.error for o in outcomes.values()} == {
        "not begun: data of xuzhou would be lost"
    }
    assert [f.rule for f in outcomes["xuzhou"].findings] == ["promotions-follow-demotions"]
    assert outcomes["main"].findings == ()
    assert world.operate("destroy", fleet=changed)["xuzhou"].record.error is None
