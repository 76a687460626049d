"""Claim `backup`: what proves it, and what is no proof."""

from __future__ import annotations

import pytest

from evidence.figure import ClaimVerdict
from evidence.records import Record, RestoreRecord
from evidence.verdict import Verdict
from release.claims.backup import judge_backup
from tests.release import accounts, runs

RESTORED = tuple(accounts.restore(holding) for holding in accounts.HOLDINGS)
PROBED = (accounts.lag(), accounts.lag("database"))


def judged(*records: Record) -> ClaimVerdict:
    return judge_backup(runs.gathered(*records))


def test_every_class_restored_from_elsewhere_and_found_in_time_passes() -> None:
    claim = judged(*RESTORED, *PROBED, *accounts.drilled("backup"))
    assert claim.verdict is Verdict.PASS, claim.reason
    assert claim.reason == (
        "4 classes of data were restored from another prefecture into an empty place, 2,000 "
        "pieces of 1 of 3 sites, each found equal; probes found every copy between 2 pairs in time"
    )
    assert claim.figures["holdings_restored"].value == 4
    assert claim.figures["objects_lag_ms_p99_idle_max"].objective == 1000
    assert claim.figures["drills_run"].value == 3
    assert claim.evidence == (
        "restores.jsonl",
        "lags.jsonl",
        "drills.jsonl",
        "drill-figures.jsonl",
    )


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            accounts.restore("records", pieces_equal=499),
            "records of main from suzhou: 499 of 500 pieces are equal",
        ),
        (accounts.restore("records", pieces=0, pieces_equal=0), "0 of 0 pieces are equal"),
        (accounts.restore("records", backup_site="main"), "no other prefecture: records of main"),
        (accounts.restore("records", backup_site="atlantis"), "no other prefecture: records of"),
        (accounts.lag(missing=3), "never found at the partner: objects of main at suzhou (3 of"),
        (accounts.lag(lag_ms_p99=1001, lag_ms_max=1001), "too late: objects of main at suzhou"),
        (
            accounts.lag(lag_ms_p99=5001, lag_ms_max=5001, under_load=True),
            "objects of main at suzhou (p99 5,001 ms)",
        ),
    ],
)
def test_what_did_not_come_back_or_came_late_fails(record: Record, said: str) -> None:
    claim = judged(*RESTORED, *PROBED, record)
    assert claim.verdict is Verdict.FAIL
    assert said in claim.reason


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ((*RESTORED[:-1], *PROBED), "nobody has restored accounts"),
        ((*RESTORED, PROBED[0]), "no probe has looked for copies of database"),
        (
            (*RESTORED, *PROBED, accounts.lag(count=0, site="xuzhou")),
            "no probe was sent: objects of xuzhou at suzhou",
        ),
        (PROBED, "nobody has restored resources, submissions, records and 1 more"),
    ],
)
def test_what_nobody_restored_or_probed_is_unknown(records: tuple[Record, ...], said: str) -> None:
    claim = judged(*records)
    assert claim.verdict is Verdict.UNKNOWN
    assert said in claim.reason


def test_copies_may_take_longer_under_load() -> None:
    late = accounts.lag(lag_ms_p99=4999, lag_ms_max=9000, under_load=True)
    assert judged(*RESTORED, *PROBED, late).verdict is Verdict.PASS


def test_the_last_restore_of_a_class_counts() -> None:
    broken = accounts.restore("records", pieces_equal=1)
    assert judged(broken, *RESTORED, *PROBED).verdict is Verdict.PASS
    assert judged(*RESTORED, broken, *PROBED).verdict is Verdict.FAIL


def test_a_drill_that_lost_something_fails_though_all_was_restored() -> None:
    lost = accounts.account("ransom-overwrite", kept=990, corrupted=10)
    claim = judged(*RESTORED, *PROBED, *accounts.drilled("backup"), lost)
    assert claim.verdict is Verdict.FAIL
    assert "drill ransom-overwrite: objects of main: 10 of 1,000 acknowledged" in claim.reason


def test_without_records_there_is_no_evidence() -> None:
    claim = judge_backup(runs.gathered())
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason.startswith("no evidence yet; needed: ")
    assert claim.figures == {}
    assert RestoreRecord.topic not in claim.evidence
