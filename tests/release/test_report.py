"""The report: all that was judged, in one file that needs nothing else and trusts no evidence."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from evidence.load import SiteLossRecord
from evidence.records import LoadRecord, Record, RecoveryRecord
from evidence.run import RunFolder
from evidence.verdict import Verdict
from province.claims import CLAIMS
from release.judge import judge
from release.report import report_html, stage_bars
from tests.release import runs

VOID = {"meta", "rect", "line", "path", "br", "hr", "link", "img", "input"}


class Page(HTMLParser):
    """A page's tags, ids, attributes and visible text; fails where tags do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data

    def values(self, attribute: str) -> list[str]:
        return [value for name, value in self.attributes if name == attribute]


def page_of(run: RunFolder) -> Page:
    return Page(report_html(run, judge(run)))


def appended(root: Path, *records: Record) -> Page:
    run = runs.rehearsed(root)
    for record in records:
        run.append(record)
    return page_of(run)


def test_every_claim_is_told_with_its_sentence_verdict_and_reason(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path)
    judgement = judge(run)
    page = page_of(run)
    for claim, judged in zip(CLAIMS, judgement.claims, strict=True):
        assert f"claim-{claim.id}" in page.values("id")
        assert claim.sentence in page.text
        assert claim.promise[1:] in page.text
        assert judged.reason[1:].rstrip(".") in page.text
    assert "Rehearsed (this machine; nodes simulated by KWOK)" in page.text
    assert f"./suyun judge runs/{judgement.run}" in page.text


def test_it_needs_nothing_from_elsewhere_and_runs_no_script(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path)
    text = report_html(run, judge(run))
    page = Page(text)
    assert not re.search(r"https?:|//[a-z]|url\(|@import", text)
    assert not page.tags.keys() & {"script", "link", "img", "iframe", "object", "embed", "form"}
    assert all(link.startswith("#") for link in page.values("href"))
    assert "default-src 'none'; style-src 'unsafe-inline'" in page.values("content")


def test_ids_are_unique_and_every_reference_has_its_target(tmp_path: Path) -> None:
    page = page_of(runs.rehearsed(tmp_path))
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    wanted = {link[1:] for link in page.values("href")} | set(page.values("aria-labelledby"))
    assert wanted <= set(ids)


def test_charts_have_words_and_tables_beside_them(tmp_path: Path) -> None:
    page = page_of(runs.rehearsed(tmp_path))
    words = [value for value in page.values("aria-label") if "highest" in value]
    assert len(words) == 4
    assert words[0].startswith("Users connected over 369 seconds. connected: from 0 to")
    assert "highest 20,000 users" in words[0]
    assert page.tags["details"] == 4


@pytest.mark.parametrize(
    "hostile",
    [
        '<script>alert("x")</script>',
        "</style><img src=x onerror=alert(1)>",
        "\" onmouseover='x' {{ 7*7 }} {% raw %}",
        "]]>\x00\x1b[2J\u202e",
    ],
)
def test_hostile_evidence_stays_text(tmp_path: Path, hostile: str) -> None:
    finding = runs.FINDING.model_copy(
        update={"rule": hostile, "subject": hostile, "evidence": hostile, "hint": hostile}
    )
    page = appended(
        tmp_path,
        runs.policy("suzhou", findings=(finding,)),
        runs.stack("main", "up", error=hostile),
        runs.stage("load", reason=hostile),
        runs.edge(by_status={hostile: 1}),
        runs.binary(hostile),
    )
    assert not page.tags.keys() & {"script", "img"}
    assert not {"onerror", "onmouseover"} & {name for name, _ in page.attributes}
    assert "49" not in page.values("aria-label")
    assert page.text.count(re.sub(r"[\x00-\x1f\u202e]", "\ufffd", hostile)) >= 6


def test_a_run_that_saw_nothing_still_has_a_report(tmp_path: Path) -> None:
    page = page_of(runs.written(tmp_path))
    assert "No load run was recorded." in page.text
    assert page.text.count("it never ended") == 8
    assert page.text.count("not seen") == 14 * 4


def test_unreadable_lines_are_shown(tmp_path: Path) -> None:
    run = runs.rehearsed(tmp_path)
    with (run.path / "deploy.jsonl").open("a") as file:
        file.write('{"site":')
    page = page_of(run)
    assert "Evidence that cannot be read" in page.text
    assert "the last line is unfinished" in page.text


def test_counts_that_do_not_agree_stand_out(tmp_path: Path) -> None:
    page = appended(tmp_path, runs.edge(completed=5))
    assert "+5" in page.text
    assert "n over" in page.values("class")


def test_what_went_with_a_lost_worker_is_told(tmp_path: Path) -> None:
    lost = {"workers_lost": 1, "users_lost": 1500, "samples_lost": 7, "samples_kept": 9000}
    kept = runs.without(runs.whole(), LoadRecord)
    page = page_of(runs.written(tmp_path, (*kept, runs.load(completed=40_980, **lost))))
    told = "1 lost with 1,500 users and 10 samples (7 told of; 9,000 of their samples are kept)"
    assert told in page.text


def test_the_loss_of_a_site_is_told_and_drawn(tmp_path: Path) -> None:
    loss = SiteLossRecord(
        site="suzhou", partner="lianyungang", users=9, lost_at=1795505700.0, errors_ratio_max=0.001
    )
    seen = RecoveryRecord(
        **loss.model_dump(exclude={"lost_at"}),
        requests=90,
        failed=9,
        recovered_seconds=4,
        seconds=(),
    )
    page = appended(tmp_path, loss, seen)
    assert "The edge of suzhou was lost with 9 users" in page.text
    assert page.tags["figure"] == 5
    assert any(words.startswith("Failures over") for words in page.values("aria-label"))


def test_findings_are_listed_with_site_and_fix(tmp_path: Path) -> None:
    page = appended(tmp_path, runs.policy("suzhou", findings=(runs.FINDING,)))
    for part in ("containers-have-limits", "Deployment city/catalogue", "set limits.memory"):
        assert part in page.text
    assert "Evidence shows that this does not hold: security." in page.text


def test_stages_fill_the_timeline_one_after_another() -> None:
    stages = (runs.stage("a", seconds=30.0), runs.stage("b", seconds=10.0))
    assert [(bar.left, bar.width) for bar in stage_bars(stages)] == [(0, 75), (75, 25)]
    never = runs.stage("c", seconds=0.0, verdict=Verdict.UNKNOWN)
    assert [(bar.left, bar.width) for bar in stage_bars((never,))] == [(0, 0)]


def test_a_run_without_samples_has_no_charts(tmp_path: Path) -> None:
    kept = runs.without(runs.whole(), LoadRecord)
    page = page_of(runs.written(tmp_path, (*kept, runs.load())))
    assert page.tags["figure"] == 0
    assert "3,000 of 3,000 planned users were connected" in page.text
