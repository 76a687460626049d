"""Claim `compute`: a batch of jobs, beside the queues that it went through."""

from __future__ import annotations

import pytest

from evidence.figure import ClaimVerdict
from evidence.records import BatchRecord
from evidence.verdict import Verdict
from release.claims.compute import judge_compute
from tests.release import runs
from tests.release.test_claim_quotas import as_planned


def batch(**changes: object) -> BatchRecord:
    values: dict[str, object] = {
        "queue": "lane-odd",
        "sites": ("suzhou", "xuzhou"),
        "jobs": 4,
        "pods": 16,
        "completed": 4,
        "landed": {"suzhou": 3, "xuzhou": 1},
        "cpu_millis_quota": 8000,
        "cpu_millis_reserved_max": 8000,
        "waiting_max": 3,
        "refusal": "insufficient quota for cpu",
        "batch_seconds": 6.5,
        "cleared": True,
    }
    return BatchRecord.model_validate({**values, **changes})


def judged(*batches: BatchRecord) -> ClaimVerdict:
    return judge_compute(runs.gathered(*runs.whole(), *as_planned(), *batches))


def test_a_batch_that_ran_across_sites_within_its_quota_passes() -> None:
    claim = judged(batch())
    assert claim.verdict is Verdict.PASS, claim.reason
    assert claim.reason == (
        "4 jobs of 16 pods in all, sent through the one queue lane-odd by Kueue's own "
        "controllers, ran at 2 of its 2 sites and came back; no more than 8 of its 8 cores were "
        "ever given out, and a job larger than the queue was held back"
    )
    values = {name: figure.value for name, figure in claim.figures.items()}
    assert (values["jobs_completed"], values["sites_landed"]) == (4, 2)
    assert (values["cores_given_out_max"], values["jobs_waiting_max"]) == (8, 3)
    assert "nodes simulated" in claim.where


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"completed": 3}, "1 of 4 jobs did not come back"),
        ({"landed": {"suzhou": 4, "xuzhou": 0}}, "all jobs ran at 1 of 2 sites"),
        ({"landed": {"suzhou": 3, "xuzhou": 2}}, "4 jobs were sent, and 5 ran"),
        ({"cpu_millis_reserved_max": 8500}, "gave out 8.5 cores, and its quota is 8"),
        ({"refusal": None}, "a job larger than the whole of lane-odd was not held back"),
    ],
)
def test_jobs_or_quotas_that_go_wrong_fail(changes: dict[str, object], words: str) -> None:
    claim = judged(batch(**changes))
    assert claim.verdict is Verdict.FAIL
    assert words in claim.reason


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"error": "lane-odd is not open", "completed": 0}, "broke off: lane-odd is not open"),
        ({"landed": {"suzhou": 1, "xuzhou": 1}}, "where 2 of 4 jobs ran, nobody saw"),
        ({"cpu_millis_reserved_max": 0}, "no job was seen to have quota of lane-odd"),
        ({"cleared": False}, "what was left of the batch did not go away"),
    ],
)
def test_what_nobody_saw_is_unknown(changes: dict[str, object], words: str) -> None:
    claim = judged(batch(**changes))
    assert claim.verdict is Verdict.UNKNOWN
    assert words in claim.reason


def test_a_batch_that_broke_off_has_no_figures_and_the_last_one_counts() -> None:
    broken = batch(error="main does not answer", completed=0, landed={})
    assert "jobs_completed" not in judged(broken).figures
    assert judged(broken, batch()).verdict is Verdict.PASS
