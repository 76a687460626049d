"""Claim `site-loss`: what fails it, and that placement alone never passes it."""

from __future__ import annotations

import pytest

from evidence.figure import ClaimVerdict
from evidence.records import PlacementRecord, Record, RecoveryRecord
from evidence.verdict import Verdict
from release.claims.site_loss import judge_site_loss
from tests.release import runs

WHOLE = runs.whole()


def after(*more: Record) -> ClaimVerdict:
    return judge_site_loss(runs.gathered(*WHOLE, *more))


def test_room_for_every_loss_is_told_and_is_not_enough() -> None:
    claim = after()
    assert claim.verdict is Verdict.UNKNOWN
    assert (
        "without any one of 3 of 3 sites the real scheduler binds every pod to simulated nodes"
        in (claim.reason)
    )
    assert "50 % of CPU or more left free" in claim.reason
    assert "the drill of a whole site under load has no evidence yet" in claim.reason
    assert claim.evidence == ("placement.jsonl",)
    assert {name: figure.value for name, figure in claim.figures.items()} == {
        "losses_placed": 3,
        "pods_pending": 0,
        "pods_placed_max": 100,
        "cpu_free_min": 0.5,
        "memory_free_min": 0.8,
        "disk_free_min": 0.5,
        "quota_free_min": 0.2,
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"pods_bound": 97, "reasons": ("Unschedulable: Insufficient cpu",)},
            "no place without suzhou (3 of 100 pending at xuzhou: Unschedulable: Insufficient cpu)",
        ),
        ({"pods_bound": 90, "pods_refused": 10}, "without suzhou (10 of 100 pending at xuzhou)"),
        ({"pods_planned_bound": 39}, "waited before anything was lost at xuzhou (1 of 40)"),
        ({"disk_tb_needed": 700.0}, "both sites' bytes without suzhou (700 of 600 TB at xuzhou)"),
    ],
)
def test_what_has_no_place_fails(changes: dict[str, object], reason: str) -> None:
    claim = after(runs.placement("suzhou", "xuzhou", **changes))
    assert claim.verdict is Verdict.FAIL
    assert reason in claim.reason


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (runs.placement("suzhou", "xuzhou", error="it does not answer"), "without suzhou (it does"),
        (runs.placement("suzhou", "xuzhou", restored=False), "as planned again: xuzhou"),
        (runs.placement("suzhou", "main"), "elsewhere than to the partner: suzhou"),
        (runs.placement("atlantis", "main"), "elsewhere than to the partner: atlantis"),
    ],
)
def test_what_was_not_seen_to_the_end_is_unknown(record: Record, reason: str) -> None:
    claim = after(record)
    assert claim.verdict is Verdict.UNKNOWN
    assert reason in claim.reason


def test_a_look_that_broke_off_counts_as_nothing_placed() -> None:
    claim = after(runs.placement("suzhou", "xuzhou", pods_bound=0, error="it does not answer"))
    assert claim.figures["losses_placed"].value == 2
    assert claim.figures["pods_pending"].value == 0


def test_a_site_that_nobody_took_away_is_unknown() -> None:
    kept = [r for r in WHOLE if not (isinstance(r, PlacementRecord) and r.lost == "main")]
    claim = judge_site_loss(runs.gathered(*kept))
    assert claim.verdict is Verdict.UNKNOWN
    assert "nobody took away main" in claim.reason


def test_no_record_at_all_is_no_evidence_yet() -> None:
    claim = judge_site_loss(runs.gathered(*runs.without(WHOLE, PlacementRecord)))
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason.startswith("no evidence yet")
    assert claim.figures == {}


def test_a_lost_edge_is_told_and_is_not_taken_for_a_lost_site() -> None:
    edge = RecoveryRecord(
        site="suzhou",
        partner="xuzhou",
        users=2000,
        errors_ratio_max=0.001,
        requests=5000,
        failed=40,
        recovered_seconds=3,
        seconds=(),
    )
    claim = after(edge)
    assert claim.verdict is Verdict.UNKNOWN
    assert "after 3 s failures were back within 0.1 %" in claim.reason
    assert "the edge is not yet the site" in claim.reason
