from __future__ import annotations

from evidence.records import StorageRecord
from evidence.verdict import Verdict
from infra.plan.fleet import plan_fleet
from release.claims.storage import judge_storage
from release.storage_told import storage_records
from tests import worlds
from tests.release import runs

SMALL = worlds.small()
PLANNED = tuple(storage_records(plan_fleet(SMALL, "rehearsal"), SMALL))


def changed(**changes: object) -> tuple[StorageRecord, ...]:
    """The planned records, but for the last site's."""
    last = {**PLANNED[-1].model_dump(), **changes}
    return (*PLANNED[:-1], StorageRecord.model_validate(last))


def test_a_plan_that_holds_shows_its_figures_and_what_is_missing() -> None:
    claim = judge_storage(runs.gathered(*PLANNED))
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason == (
        "1.04 PB are planned at 3 sites; that the live pools are as planned has no evidence yet"
    )
    assert claim.figures["usable_pb_planned"].objective == 0.5
    assert claim.figures["raw_pb_planned"].value == 4.416
    assert claim.figures["storage_hosts"].value == 23
    assert round(claim.figures["full_ratio_after_loss_max"].value, 4) == 0.84
    assert 1 < claim.figures["years_until_full_min"].value < 2
    assert claim.evidence == ("storage.jsonl",)


def test_without_records_there_is_no_evidence() -> None:
    claim = judge_storage(runs.gathered())
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason.startswith("no evidence yet; needed: ")
    assert claim.figures == {}


def test_a_site_without_storage_is_named() -> None:
    claim = judge_storage(runs.gathered(*PLANNED[:-1]))
    assert claim.verdict is Verdict.UNKNOWN
    assert "no storage was planned at xuzhou" in claim.reason


def test_less_than_the_promised_bytes_fails() -> None:
    promised = worlds.with_objectives(SMALL, storage_pb_min=2)
    claim = judge_storage(runs.gathered(*PLANNED, world=promised))
    assert claim.verdict is Verdict.FAIL
    assert claim.reason == "1.04 PB of 2 PB can be stored"


def test_a_pool_that_cannot_heal_fails() -> None:
    claim = judge_storage(runs.gathered(*changed(hosts=6)))
    assert claim.verdict is Verdict.FAIL
    assert claim.reason == "a pool cannot heal after a lost host at xuzhou"


def test_disks_that_a_lost_host_fills_fail() -> None:
    claim = judge_storage(runs.gathered(*changed(full_ratio_after_loss=0.851)))
    assert claim.verdict is Verdict.FAIL
    assert claim.reason == "a lost host fills the disks over 0.85 at xuzhou"


def test_the_last_word_on_a_site_counts() -> None:
    twice = judge_storage(runs.gathered(*PLANNED, *PLANNED))
    assert twice == judge_storage(runs.gathered(*PLANNED))
