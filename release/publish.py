"""Writes what a judgement is published as: verdict, report and JUnit file."""

from __future__ import annotations

from pathlib import Path

from evidence.run import RunFolder
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
    return tuple(_write(run.path / name, text) for name, text in texts.items())


def _write(path: Path, text: str) -> Path:
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, "utf-8")
    return new.replace(path)
