"""A climb in a sentence: which step held, which broke, and why."""

from __future__ import annotations

from pathlib import Path

from evidence.records import LoadStepRecord
from evidence.verdict import Verdict
from release.judge import judge
from release.report import report_html
from release.wording import told_steps
from tests.release import runs


def step(number: int, verdict: Verdict = Verdict.PASS, *reasons: str) -> LoadStepRecord:
    return LoadStepRecord(
        step=number,
        steps=10,
        users=1000 * number,
        users_connected=1000 * number,
        seconds=234.0,
        verdict=verdict,
        reasons=reasons,
        worker_lag_ms_p99=1.5,
        journeys=(runs.journey("video"),),
    )


def test_a_climb_is_told() -> None:
    late = step(3, Verdict.UNKNOWN, "the generator was late")
    slow = step(3, Verdict.FAIL, "video: p95 900 ms", "login: p95 2 s")
    both = (step(1), step(2))
    assert told_steps(()) == ""
    assert told_steps(both) == "Step 2 of 10 held with 2,000 users, and none broke"
    assert told_steps((*both, slow)) == (
        "Step 2 of 10 held with 2,000 users; step 3 of 10 broke with 3,000 users: "
        "video: p95 900 ms; login: p95 2 s"
    )
    assert told_steps((late,)) == (
        "No step held; step 3 of 10 showed nothing with 3,000 users: the generator was late"
    )


def test_the_report_shows_each_step(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path)
    for one in (step(1), step(2, Verdict.FAIL, "video: p95 900 ms")):
        run.append(one)
    text = report_html(run, judge(run))
    assert "Step 1 of 10 held with 1,000 users; step 2 of 10 broke with 2,000 users" in text
    assert "no objective was broken" in text
