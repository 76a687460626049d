"""The tables of drills and probes, on the console, in the report and in the verdict file."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from release.claims.drills import seen_drills
from release.drills_table import drill_rows, lag_rows, print_drills, users_lines
from release.judge import judge
from release.report import report_html
from release.verdict_file import verdict_json
from tests.release import accounts, runs

LOST = accounts.account("site-dies", kept=988, lost=12, rpo_seconds=1.44)
IDLE = accounts.account("site-dies", "database", rpo_seconds=None)
DRILLS = (
    accounts.ended("site-dies"),
    LOST,
    IDLE,
    accounts.load("site-dies"),
    accounts.ended("more-storage"),
)
LAG = accounts.lag(missing=2)


def test_each_account_is_a_row_and_what_was_not_measured_says_so() -> None:
    objects, database, paper = drill_rows(seen_drills(runs.gathered(*DRILLS)))
    assert (objects.data, objects.partner, objects.writes) == ("objects of main", "suzhou", "1,000")
    assert (objects.kept, objects.lost, objects.rpo, objects.rto) == ("988", "12", "1.4", "2.0")
    assert (objects.users, objects.errors) == ("20,000", "40 of 50,000")
    assert (database.data, database.rpo, database.users) == ("database of main", "–", "20,000")
    assert (paper.users, paper.errors) == ("0", "–")
    assert (paper.drill, paper.data, paper.writes, paper.took) == ("more-storage", "–", "–", "150")


def test_probes_are_rows_too() -> None:
    (row,) = lag_rows(runs.gathered(LAG))
    assert (row.data, row.partner, row.found, row.missing) == (
        "objects of main",
        "suzhou",
        "200",
        "2",
    )
    assert (row.load, row.p99, row.highest) == ("idle", "700", "800")


def test_the_console_has_a_line_for_each_and_none_without_drills() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=120, highlight=False)
    print_drills(seen_drills(runs.gathered(*DRILLS)), console)
    lines = stream.getvalue().splitlines()
    (lost,) = (line.split() for line in lines if "objects of main" in line)
    assert lost[:9] == ["site-dies", "PASS", "objects", "of", "main", "1,000", "988", "12", "0"]
    stream.seek(stream.truncate(0))
    print_drills((), console)
    assert not stream.getvalue()


def test_users_are_told_of_in_a_line_for_each_harm() -> None:
    outages = [
        {"what": what, "second": 0.4, "recovered_seconds": after}
        for what, after in (("fill xuzhou", 0), ("overwrite main", None), ("delete main", 8))
    ]
    assert list(users_lines(accounts.load("ransom-overwrite", outages=outages))) == [
        "20,000 users: 40 of 50,000 requests failed",
        "  fill xuzhou, at 0.4 s: not noticed",
        "  overwrite main, at 0.4 s: not served again before the next, or the end",
        "  delete main, at 0.4 s: served again 8 s later",
    ]


def test_report_and_verdict_file_have_them(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path)
    for record in (*DRILLS, LAG):
        run.append(record)
    judgement = judge(run)
    text = report_html(run, judgement)
    section = text[text.index('id="drills"') : text.index('id="policies"')]
    assert section.count('<th scope="row">') == 4
    assert "40 of 50,000" in section
    assert "Drill site-dies: what 20,000 users saw" in section
    assert section.count('<line class="mark"') == 3
    assert "<li>kill main, at 0.4 s</li>" in section
    assert "<li>served again 3 s later</li>" in section
    assert '<td class="n over">2</td>' in section
    told = json.loads(verdict_json(judgement))["drills"]
    assert [drill["drill"] for drill in told] == ["site-dies", "more-storage"]
    assert told[0]["accounts"][0]["lost"] == 12


def test_a_run_without_drills_says_so(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path)
    assert "No drill was run." in report_html(run, judge(run))
