"""Writes what a judgement is published as: verdict, report and JUnit file."""

from __future__ import annotations

from pathlib import Path

from evidence.run import RunFolder
from processes.files import write_whole
from release.judge import Judgement
from release.junit import junit_xml
from release.report import report_html
from release.verdict_file import verdict_json


def publish(run: RunFolder, judgement: Judgement) -> tuple[Path, ...]:
    """Writes the three files, each whole or not at all, and returns their paths."""
    texts = {
        "verdict.json": verdict_json(judgement),
        "report.html": report_html(run, judgement),
        "junit.xml": junit_xml(judgement),
    }
    return tuple(write_whole(run.path / name, text.encode()) for name, text in texts.items())
