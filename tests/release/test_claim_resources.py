"""Claim `resources`: one catalogue everywhere, and the nearest copy with the same bytes."""

from __future__ import annotations

import pytest

from evidence.drills import ResourceRecord
from evidence.verdict import Verdict
from release.claims.resources import judge_resources
from tests.release import accounts, runs

EVERYWHERE = tuple(
    accounts.resource(stored_at, asked_at)
    for stored_at in accounts.SITES
    for asked_at in accounts.SITES
)


def test_what_is_found_near_and_whole_everywhere_passes() -> None:
    claim = judge_resources(runs.gathered(*EVERYWHERE))
    assert claim.verdict is Verdict.PASS, claim.reason
    assert claim.reason == (
        "3 resources, stored at 3 of 3 sites, were found from each of these, read from the "
        "nearest copy and their hash checked"
    )
    assert claim.figures["resources_read_near_and_whole"].value == 9
    assert claim.evidence == ("resources.jsonl",)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"is_found": False, "read_from": None, "sha256_read": None},
            "the catalogue does not have lesson-main of main at suzhou",
        ),
        ({"read_from": None, "sha256_read": None}, "nobody could read lesson-main of main at"),
        ({"sha256_read": "b" * 64}, "other bytes were read than were stored: lesson-main of"),
        ({"read_from": "main"}, "not the nearest: lesson-main of main at suzhou from main"),
    ],
)
def test_what_is_not_found_near_and_whole_fails(changes: dict[str, object], said: str) -> None:
    broken = accounts.resource("main", "suzhou", **changes)
    claim = judge_resources(runs.gathered(*EVERYWHERE, broken))
    assert claim.verdict is Verdict.FAIL
    assert said in claim.reason
    assert claim.figures["resources_read_near_and_whole"].value == 8


@pytest.mark.parametrize(
    ("records", "said"),
    [
        (EVERYWHERE[:-1], "nobody asked for lesson-xuzhou at xuzhou"),
        (EVERYWHERE[:6], "nothing that is stored at xuzhou was asked for"),
        (
            [r for r in EVERYWHERE if "xuzhou" not in {r.stored_at, r.asked_at}],
            "resources of 2 sites were asked for, 3 are needed",
        ),
        ((*EVERYWHERE, accounts.resource("atlantis", "main")), "of the province: atlantis"),
    ],
)
def test_what_nobody_asked_for_is_unknown(records: list[ResourceRecord], said: str) -> None:
    claim = judge_resources(runs.gathered(*records))
    assert claim.verdict is Verdict.UNKNOWN
    assert said in claim.reason


def test_without_records_there_is_no_evidence() -> None:
    claim = judge_resources(runs.gathered())
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason.startswith("no evidence yet; needed: ")
