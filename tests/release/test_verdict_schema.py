"""The committed JSON Schema is the one that the model gives."""

from __future__ import annotations

from pathlib import Path

from release.verdict_file import verdict_schema

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "verdict.schema.json"


def test_the_committed_schema_is_current() -> None:
    assert SCHEMA.read_text("utf-8") == verdict_schema(), (
        "python -m release.verdict_file > docs/verdict.schema.json"
    )
