"""Claim `fleet`: the smallest change to a whole run that fails it, or leaves it open."""

from __future__ import annotations

import pytest

from evidence.figure import ClaimVerdict
from evidence.records import BootRecord, Record, StackRecord
from evidence.verdict import Verdict
from release.claims.fleet import judge_fleet
from tests import worlds
from tests.release import runs

WHOLE = runs.whole()


def after(*more: Record) -> ClaimVerdict:
    return judge_fleet(runs.gathered(*WHOLE, *more))


def test_a_whole_fleet_passes_with_its_figures() -> None:
    claim = after()
    assert claim.verdict is Verdict.PASS
    assert claim.where == "rehearsed (this machine; nodes simulated by KWOK)"
    assert "all 3 sites stand" in claim.reason
    assert claim.evidence == ("machine-room.jsonl", "deploy.jsonl")
    values = {name: figure.value for name, figure in claim.figures.items()}
    assert values == {
        "sites_standing": 3,
        "nodes_simulated": 63,
        "boot_seconds_max": 21.5,
        "resources": 270,
        "up_seconds_max": 33.0,
        "second_preview_changes": 0,
    }


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (runs.boot("suzhou", nodes_ready=20), "nodes are missing at suzhou (20 of 21)"),
        (runs.stack("suzhou", "up", ready=False), "did not become ready at suzhou"),
        (runs.stack("main", "second-preview", updated=2), "second preview is not empty at main (2"),
        (runs.stack("main", "drift", updated=1), "drift is not empty at main (1 changes)"),
    ],
)
def test_evidence_of_the_contrary_fails(record: Record, reason: str) -> None:
    claim = after(record)
    assert claim.verdict is Verdict.FAIL
    assert reason in claim.reason


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (runs.stack("main", "up", error="timed out"), "broke off at main (timed out)"),
        (runs.stack("main", "up", ready=None), "nobody looked at readiness at main"),
        (runs.stack("main", "second-preview", error="crash"), "second preview broke off at main"),
        (runs.stack("main", "drift", error="crash"), "drift broke off at main"),
        (runs.boot("atlantis"), "sites that the province has not: atlantis"),
    ],
)
def test_what_nobody_saw_to_the_end_is_unknown(record: Record, reason: str) -> None:
    claim = after(record)
    assert claim.verdict is Verdict.UNKNOWN
    assert reason in claim.reason


def test_clusters_made_by_cluster_api_are_told_and_held_to_the_same() -> None:
    made = (runs.stack("fleet", "up"), runs.stack("fleet", "second-preview"))
    claim = after(*made)
    assert claim.verdict is Verdict.PASS
    assert claim.figures["clusters_by_cluster_api"].value == 2
    assert claim.figures["sites_standing"].value == 3
    changed = after(*made, runs.stack("fleet", "second-preview", updated=1))
    assert "second preview is not empty at fleet (1 changes)" in changed.reason
    unseen = after(made[0])
    assert unseen.verdict is Verdict.UNKNOWN
    assert "no second preview at fleet" in unseen.reason


@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        (runs.boot("main"), "no control plane was seen to boot at main"),
        (runs.stack("main", "up"), "no stack was brought up at main"),
        (runs.stack("main", "second-preview"), "there was no second preview at main"),
    ],
)
def test_a_site_without_its_record_is_unknown(gone: Record, reason: str) -> None:
    claim = judge_fleet(runs.gathered(*(record for record in WHOLE if record != gone)))
    assert claim.verdict is Verdict.UNKNOWN
    assert reason in claim.reason


def test_a_look_for_drift_is_a_second_preview_and_held_to_the_same() -> None:
    drifts = [runs.stack(site.id, "drift") for site in worlds.small().sites]
    others = [r for r in WHOLE if getattr(r, "operation", "") != "second-preview"]
    claim = judge_fleet(runs.gathered(*others, *drifts))
    assert claim.verdict is Verdict.PASS
    assert claim.figures["second_preview_changes"].value == 0
    changed = judge_fleet(runs.gathered(*others, *drifts, runs.stack("main", "drift", updated=3)))
    assert changed.verdict is Verdict.FAIL
    assert changed.figures["second_preview_changes"].value == 3
    unseen = judge_fleet(runs.gathered(*others, *drifts[1:]))
    assert unseen.verdict is Verdict.UNKNOWN
    assert "there was no second preview at main" in unseen.reason


def test_the_last_word_on_a_site_counts() -> None:
    assert after(runs.boot("main", nodes_ready=0), runs.boot("main")).verdict is Verdict.PASS


def test_a_destroyed_stack_is_beside_the_point() -> None:
    record = runs.stack("main", "destroy", deleted=90, error="namespace stuck")
    assert after(record).verdict is Verdict.PASS


def test_failure_outweighs_what_is_missing() -> None:
    claim = after(runs.boot("atlantis"), runs.stack("main", "up", ready=False))
    assert claim.verdict is Verdict.FAIL
    assert "atlantis" not in claim.reason


def test_no_record_at_all_is_no_evidence_yet() -> None:
    claim = judge_fleet(runs.gathered(*runs.without(WHOLE, BootRecord, StackRecord)))
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason.startswith("no evidence yet")
    assert (claim.figures, claim.evidence) == ({}, ())


def test_sites_that_only_booted_do_not_stand_yet() -> None:
    figures = judge_fleet(runs.gathered(runs.boot("main"))).figures
    assert (figures["sites_standing"].value, figures["sites_standing"].objective) == (0, 3)
    assert "resources" not in figures


def test_many_sites_are_named_in_short() -> None:
    claim = judge_fleet(runs.gathered(runs.boot("main"), world=worlds.province()))
    assert "nanjing, wuxi, xuzhou and 10 more" in claim.reason
