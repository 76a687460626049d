"""Claim `users`: validity first, then objectives, then reach."""

from __future__ import annotations

import pytest

from evidence.figure import ClaimVerdict
from evidence.load import WORKER_LAG_MS_P99_MAX, LoadPhase, LoadWorkerRecord
from evidence.records import EdgeRecord, JourneyRecord, LoadRecord
from evidence.verdict import Verdict
from loadtests.analysis import journeys_of_hold
from release.claims.generator import WORKER_CPU_PERCENT_MAX
from release.claims.users import judge_users
from tests.release import runs

WHOLE = runs.whole()


def loaded(**changes: object) -> ClaimVerdict:
    return judge_users(runs.gathered(*runs.without(WHOLE, LoadRecord), runs.load(**changes)))


def video(**changes: object) -> ClaimVerdict:
    others = (r for r in WHOLE if not (isinstance(r, JourneyRecord) and r.journey == "video"))
    kept = runs.without(others, LoadWorkerRecord)
    return judge_users(runs.gathered(*kept, runs.journey("video", **changes)))


def slow(*, p95: float, p99: float) -> dict[str, object]:
    return {"response_ms_p95": p95, "response_ms_p99": p99, "response_ms_max": p99}


def test_all_promised_users_held_and_served_pass() -> None:
    claim = judge_users(runs.gathered(*WHOLE))
    assert claim.verdict is Verdict.PASS
    assert claim.evidence == (
        "load.jsonl",
        "edge.jsonl",
        "load-journeys.jsonl",
        "load-workers.jsonl",
    )
    figures = claim.figures
    assert figures["users_connected_peak"].value == figures["users_held_min"].value == 3000
    assert figures["users_connected_peak"].objective == 3000
    assert figures["requests_per_second"].value == pytest.approx(8 * 5000 / 300)
    assert figures["bytes_per_user"].value == 20_000
    assert figures["requests_unreconciled"].value == 0
    assert figures["login_response_ms_p95"].objective == 1000
    ratio = figures["login_errors_ratio"]
    assert (ratio.value, ratio.low) == (0, 0)
    assert ratio.high == pytest.approx(0.000768, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"workers_lost": 1}, "1 of 2 load workers were lost"),
        ({"worker_cpu_percent_max": WORKER_CPU_PERCENT_MAX + 1}, "the generator was saturated"),
        ({"worker_lag_ms_p99": WORKER_LAG_MS_P99_MAX + 1}, "the generator was late"),
        ({"tls": False}, "without TLS"),
        ({"started": 41_001}, "the generator's counts do not agree"),
        ({"in_flight": 5}, "the generator's counts do not agree"),
        ({"started": 41_001, "completed": 40_991}, "40,991 responses were read, 40,990 were sent"),
        (
            {"started": 9, "completed": 9, "failed": 0, "in_flight": 0},
            "journeys count 40,000 requests, more than the 9 started",
        ),
    ],
)
def test_a_load_run_that_cannot_be_believed_is_unknown(
    changes: dict[str, object], reason: str
) -> None:
    claim = loaded(**changes)
    assert claim.verdict is Verdict.UNKNOWN
    assert reason in claim.reason


def test_a_generator_at_its_bounds_is_valid() -> None:
    claim = loaded(
        worker_cpu_percent_max=WORKER_CPU_PERCENT_MAX, worker_lag_ms_p99=WORKER_LAG_MS_P99_MAX
    )
    assert claim.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (slow(p95=801.0, p99=900.0), "video: p95 801 ms, objective 800 ms"),
        (slow(p95=9.0, p99=2500.0), "video: p99 2,500 ms, objective 2,000 ms"),
        ({"failed": 50}, "50 of 5,000 video requests failed, objective 0.10%"),
    ],
)
def test_a_broken_objective_fails_at_any_number_of_users(
    changes: dict[str, object], reason: str
) -> None:
    assert video(**changes).verdict is Verdict.FAIL
    assert reason in video(**changes).reason


def test_a_broken_objective_of_an_invalid_run_says_nothing() -> None:
    records = (*runs.without(WHOLE, LoadRecord), runs.load(workers_lost=1))
    others = (r for r in records if not isinstance(r, JourneyRecord))
    claim = judge_users(
        runs.gathered(*others, runs.journey("video", **slow(p95=9999.0, p99=9999.0)))
    )
    assert claim.verdict is Verdict.UNKNOWN
    assert "9,999" not in claim.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"users_connected_peak": 300, "users_held_min": 300}, "300 of 3,000 users were reached"),
        ({"users_held_min": 2999}, "2,999 of 3,000 users stayed through the hold"),
        ({"hold_seconds": 60.0}, "held for 60 of 300 seconds"),
    ],
)
def test_fewer_users_or_less_time_than_promised_is_unknown(
    changes: dict[str, object], reason: str
) -> None:
    claim = loaded(**changes)
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason == reason if "held for" not in reason else reason in claim.reason


def test_a_figure_at_its_bound_is_kept() -> None:
    assert video(**slow(p95=800.0, p99=2000.0)).verdict is Verdict.PASS


def test_an_invalid_run_that_reached_too_few_says_both() -> None:
    claim = loaded(workers_lost=1, users_connected_peak=300)
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason.startswith("1 of 2 load workers were lost with 0 users and 0 samples (")
    assert "; 300 of 3,000 users were reached" in claim.reason


def test_a_lost_worker_is_told_with_its_users_and_samples() -> None:
    lost = {"workers_lost": 1, "users_lost": 1500, "samples_lost": 700, "samples_kept": 9000}
    claim = judge_users(
        runs.gathered(
            *runs.without(WHOLE, LoadRecord, EdgeRecord),
            runs.load(**lost),
            runs.edge(completed=42_000),
        )
    )
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason.startswith(
        "1 of 2 load workers were lost with 1,500 users and 1,010 samples "
        "(they had told of 700 of these, and 9,000 are kept)"
    )
    assert (claim.figures["users_lost"].value, claim.figures["samples_lost"].value) == (1500, 1010)


def test_without_the_edges_count_the_least_that_was_lost_is_told() -> None:
    lost = runs.load(workers_lost=1, users_lost=1, samples_lost=700)
    claim = judge_users(runs.gathered(*runs.without(WHOLE, LoadRecord, EdgeRecord), lost))
    assert "with 1 users and at least 700 samples" in claim.reason
    assert claim.figures["samples_lost"].value == 700


def test_a_run_that_lost_nobody_says_nothing_of_it() -> None:
    assert "users_lost" not in judge_users(runs.gathered(*WHOLE)).figures


@pytest.mark.parametrize("failed", [0, 1])
def test_too_few_requests_show_nothing_of_errors(failed: int) -> None:
    claim = video(requests=1000, failed=failed)
    assert claim.verdict is Verdict.UNKNOWN
    assert f"{failed} of 1,000 video requests failed: too few requests" in claim.reason


def test_a_journey_without_requests_is_unknown() -> None:
    claim = video(requests=0)
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason == "there was no video request during the hold"
    assert "video_errors_ratio" not in claim.figures


def test_the_edges_count_is_needed() -> None:
    claim = judge_users(runs.gathered(*runs.without(WHOLE, EdgeRecord)))
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason == "the edge's own count is missing"


def test_counts_of_several_edges_add_up() -> None:
    parts = (runs.edge(completed=40_000), runs.edge(completed=990))
    claim = judge_users(runs.gathered(*runs.without(WHOLE, EdgeRecord), *parts))
    assert claim.verdict is Verdict.PASS


def test_two_load_runs_are_no_load_run() -> None:
    claim = judge_users(runs.gathered(*WHOLE, runs.load()))
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason == "2 load runs in one folder"


def test_no_load_is_no_evidence_yet() -> None:
    kinds = (LoadRecord, EdgeRecord, JourneyRecord)
    claim = judge_users(runs.gathered(*runs.without(WHOLE, *kinds)))
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason.startswith("no evidence yet")


def worked(*workers: LoadWorkerRecord) -> ClaimVerdict:
    kept = runs.without(WHOLE, LoadWorkerRecord, JourneyRecord)
    return judge_users(runs.gathered(*kept, *journeys_of_hold(workers), *workers))


def test_percentiles_carry_their_interval() -> None:
    claim = worked(runs.worker(0), runs.worker(1))
    p99 = claim.figures["video_response_ms_p99"]
    assert (p99.low, p99.high) == pytest.approx((9, 9), rel=1e-3)


def test_a_bound_inside_a_percentiles_interval_is_open() -> None:
    # 1.0 % of 5,000 responses are slow: the true p99 may lie on either side of the step.
    slow = runs.worker(0, slow_ms=9000)
    quick = runs.worker(1, slow_ms=3)
    claim = worked(slow, quick)
    assert claim.verdict is Verdict.UNKNOWN
    assert "login: p99 3 ms, objective 2,500 ms: too few requests to tell (3 to 9,0" in claim.reason


def test_an_interval_wholly_above_its_bound_fails() -> None:
    claim = worked(runs.worker(0, slow_ms=9000), runs.worker(1, slow_ms=9000))
    assert claim.verdict is Verdict.FAIL
    assert "login: p99" in claim.reason


@pytest.mark.parametrize("histogram", ["", "nonsense", "HISTFAAAAH54nJNp", "苏"])
def test_a_histogram_that_cannot_be_read_gives_no_interval(histogram: str) -> None:
    worker = runs.worker(0)
    broken = tuple(s.model_copy(update={"histogram": histogram}) for s in worker.journeys)
    kept = runs.without(WHOLE, LoadWorkerRecord)
    claim = judge_users(runs.gathered(*kept, worker.model_copy(update={"journeys": broken})))
    assert claim.figures["video_response_ms_p99"].low is None


def test_responses_of_the_ramp_do_not_count() -> None:
    worker = runs.worker(0, slow_ms=9000)
    ramp = tuple(s for s in worker.journeys if s.phase is LoadPhase.RAMP)
    kept = runs.worker(1), runs.worker(2)
    claim = worked(worker.model_copy(update={"journeys": ramp}), *kept)
    assert claim.verdict is Verdict.PASS


def test_a_record_that_its_histograms_contradict_is_unknown() -> None:
    claim = judge_users(runs.gathered(*runs.without(WHOLE, LoadWorkerRecord), runs.worker(0, 90)))
    assert claim.verdict is Verdict.UNKNOWN
    assert "video: its percentiles are not those of its histograms" in claim.reason
