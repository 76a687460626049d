"""The two waves, the gate between them, and what counts as standing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from evidence.verdict import ExitCode
from infra.fleet.journal import Journal, digest
from infra.fleet.waves import GateClosedError, in_wave, require_canary
from infra.plan.fleet import plan_fleet
from infra.plan.values import FleetPlan, SitePlan
from tests import worlds

FLEET = plan_fleet(worlds.province(), "rehearsal")
MAIN, SMALLEST = FLEET.site("main"), FLEET.site("zhenjiang")


def changed(plan: SitePlan) -> SitePlan:
    return dataclasses.replace(plan, users_concurrent=plan.users_concurrent + 1)


def stood(folder: Path, *plans: SitePlan) -> Journal:
    journal = Journal(folder / "standing")
    for plan in plans:
        journal.brought_up(plan, resources=90)
        journal.previewed(plan)
    return journal


def refusal(journal: Journal, fleet: FleetPlan = FLEET) -> str:
    with pytest.raises(GateClosedError) as caught:
        require_canary(fleet, journal)
    assert caught.value.exit_code is ExitCode.BAD_INPUT
    assert "--wave canary" in caught.value.hint
    return caught.value.cause


def test_the_canary_is_main_and_the_smallest_branch_and_the_rest_is_all_others() -> None:
    canary, rest = in_wave(FLEET, "canary"), in_wave(FLEET, "rest")
    assert [plan.site for plan in canary] == ["main", "zhenjiang"]
    assert {plan.site for plan in canary + rest} == {plan.site for plan in FLEET.sites}
    assert len(canary) + len(rest) == len(FLEET.sites)


def test_the_gate_opens_when_both_stand_and_were_previewed_as_unchanged(tmp_path: Path) -> None:
    require_canary(FLEET, stood(tmp_path, MAIN, SMALLEST))


def test_the_gate_names_whoever_does_not_stand(tmp_path: Path) -> None:
    assert "main does not stand; zhenjiang does not stand" in refusal(Journal(tmp_path))
    assert "through: zhenjiang does not stand" in refusal(stood(tmp_path, MAIN))


def test_an_up_without_its_second_preview_is_not_enough(tmp_path: Path) -> None:
    journal = stood(tmp_path, MAIN, SMALLEST)
    journal.brought_up(SMALLEST, resources=90)
    assert "zhenjiang had no second preview that was empty" in refusal(journal)


def test_another_plan_closes_the_gate_again(tmp_path: Path) -> None:
    journal = stood(tmp_path, changed(MAIN), SMALLEST)
    assert "main stands by another plan" in refusal(journal)
    journal.previewed(MAIN)
    assert "main stands by another plan" in refusal(journal)


def test_what_was_forgotten_does_not_stand(tmp_path: Path) -> None:
    journal = stood(tmp_path, MAIN, SMALLEST)
    journal.forget(MAIN)
    journal.previewed(MAIN)
    assert "main does not stand" in refusal(journal)


def test_an_entry_that_nobody_can_read_is_none(tmp_path: Path) -> None:
    journal = stood(tmp_path, MAIN)
    (file,) = tmp_path.rglob("*.main.json")
    file.write_text("{")
    assert journal.standing(MAIN) is None


def test_a_digest_is_of_all_that_the_plan_says_and_the_same_in_every_process() -> None:
    again = plan_fleet(worlds.province(), "rehearsal")
    assert [digest(plan) for plan in again.sites] == [digest(plan) for plan in FLEET.sites]
    assert digest(changed(MAIN)) != digest(MAIN)
    assert len({digest(plan) for plan in FLEET.sites}) == len(FLEET.sites)
