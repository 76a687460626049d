"""The table of losses, on the console and in the report."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from evidence.records import PlacementRecord, Record
from release.judge import judge
from release.losses_table import loss_rows, print_losses
from release.report import report_html
from tests.release import runs

WHOLE = runs.whole()


def printed(*records: Record) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=120, highlight=False)
    print_losses(runs.gathered(*records), console)
    return stream.getvalue()


def test_each_loss_is_a_line_and_the_last_word_on_it_counts() -> None:
    again = runs.placement("suzhou", "xuzhou", pods_bound=97, restored=False)
    lines = printed(*WHOLE, again).splitlines()
    (suzhou,) = (line.split() for line in lines if line.startswith("suzhou"))
    assert suzhou[:6] == ["suzhou", "xuzhou", "3,000", "40", "100", "3"]
    assert suzhou[-3:] == ["not", "as", "planned"]
    assert suzhou[6:8] == ["50", "%"]
    assert sum(line.startswith(("main", "suzhou", "xuzhou")) for line in lines) == 3


def test_what_broke_off_is_not_told_as_a_count() -> None:
    broken = runs.placement("suzhou", "xuzhou", error="it does not answer", cpu_free_ratio=None)
    row = next(row for row in loss_rows(runs.gathered(*WHOLE, broken)) if row.lost == "suzhou")
    assert (row.pods_planned, row.pods_pending, row.cpu_free) == ("not seen",) * 3
    assert row.afterwards == "it does not answer"
    assert row.is_pending


def test_without_losses_there_is_no_table() -> None:
    assert printed(*runs.without(WHOLE, PlacementRecord)) == ""


def test_the_report_has_the_same_rows_and_says_that_nodes_are_simulated(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path)
    text = report_html(run, judge(run))
    section = text[text.index('id="placement"') : text.index('id="policies"')]
    assert "Nodes are simulated by KWOK." in section
    assert section.count('<th scope="row">') == 14
    assert "lianyungang" in section
