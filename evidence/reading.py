"""Reads JSON lines that may come from a run that was killed, or from another version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from evidence.records import Record
from province.findings import Finding

R = TypeVar("R", bound=Record)
WHOLE = "evidence-is-whole"
"""The rule that a line breaks when it cannot be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading(Generic[R]):
    """What a topic's file says, and which of its lines say nothing."""

    records: tuple[R, ...]
    faults: tuple[Finding, ...]


def read_lines(file: Path, kind: type[R]) -> Reading[R]:
    """Reads each line that is whole. A missing file is an empty one: nothing was seen."""
    if not file.is_file():
        return Reading(records=(), faults=())
    *lines, torn = file.read_bytes().split(b"\n")
    records: list[R] = []
    faults: list[Finding] = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            records.append(kind.model_validate_json(line))
        except ValidationError as error:
            faults.append(_unreadable(file, number, error))
    if torn:
        faults.append(_unfinished(file, len(lines) + 1))
    return Reading(records=tuple(records), faults=tuple(faults))


def _unfinished(file: Path, number: int) -> Finding:
    return Finding(
        rule=WHOLE,
        subject=file.name,
        evidence="the last line is unfinished: its writer was killed, and what it says is lost",
        hint="run again; the lines before it are judged as they are",
        location=f"{file.name}:{number}",
    )


def _unreadable(file: Path, number: int, error: ValidationError) -> Finding:
    first = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if key == "schema_version" or first["type"] == "extra_forbidden":
        evidence = f"it was written by another version of Suyun: {key or 'a key'} is not known here"
        hint = "read it with the version of the commit that run.jsonl names"
    else:
        evidence = f"it cannot be read: {key + ': ' if key else ''}{first['msg']}"
        hint = "restore the folder as the run left it, or run again"
    return Finding(
        rule=WHOLE,
        subject=file.name,
        evidence=evidence,
        hint=hint,
        location=f"{file.name}:{number}",
    )
