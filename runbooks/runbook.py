"""What a runbook is: steps in their order, each with what to type, what to see and how to go back.

On paper: a title, what the drill is for, and a section for each step. A step's section has one
block `sh` (the command), one block `expect` and, where there is a way back, one block `undo`.
Expected are `exit N` (0 where it is left out) and lines of text that the output has to contain.
"""

from __future__ import annotations

from pydantic import Field

from province.value import Id, Value


class Expectation(Value):
    """What shows that a step went well. `contains` are texts, each somewhere in the output."""

    exit_code: int = Field(default=0, ge=0, le=255)
    contains: tuple[str, ...] = ()


class RunbookStep(Value):
    """One step. `line` is where its section begins; `why` is the prose of the section."""

    title: str
    line: int
    why: str
    command: str
    expect: Expectation
    undo: str | None = None


class Runbook(Value):
    """One drill. `purpose` is the prose between its title and its first section."""

    name: Id
    title: str
    purpose: str
    steps: tuple[RunbookStep, ...]
