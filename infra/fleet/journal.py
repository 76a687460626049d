"""What the last `up` of each stack came to: so that what stands is not done again.

One small file a stack, beside Pulumi's own state and replaced whole. It is taken away before an
`up` or a `destroy` begins and written when all of it was good: whatever is killed in between has
no entry, and is done again.
"""

from __future__ import annotations

import hashlib
import time
from functools import cache
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from processes.files import write_whole
from province.value import Value

_INFRA = Path(__file__).resolve().parent.parent
_PROGRAM = ("__main__.py", "components/*.py")


class Planned(Protocol):
    """What a stack is a transcription of. Its `repr` says all of it, the same in every process."""

    @property
    def stack(self) -> str:
        """The stack's name."""


class Standing(Value):
    """A stack that an `up` brought up whole. `at` is in seconds since the epoch.

    `previewed` says that a second preview of the same plan was empty.
    """

    stack: str
    digest: str
    resources: int
    at: float
    previewed: bool = False


class Journal:
    """The standing stacks of one state folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def standing(self, plan: Planned) -> Standing | None:
        """What is known to stand of that stack, whatever plan it was made from."""
        try:
            return Standing.model_validate_json(self._file(plan.stack).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def stands(self, plan: Planned) -> Standing | None:
        """The same, if it was made from this very plan by this very program."""
        known = self.standing(plan)
        return known if known is not None and known.digest == digest(plan) else None

    def forget(self, plan: Planned) -> None:
        """Nothing is known any more: an operation begins, or drift was seen."""
        self._file(plan.stack).unlink(missing_ok=True)

    def brought_up(self, plan: Planned, resources: int) -> None:
        """An `up` ended well, and everything is ready."""
        self._write(
            Standing(stack=plan.stack, digest=digest(plan), resources=resources, at=time.time())
        )

    def previewed(self, plan: Planned) -> None:
        """A second preview was empty. It says nothing of a stack that another plan made."""
        known = self.stands(plan)
        if known is not None:
            self._write(known.model_copy(update={"previewed": True}))

    def _write(self, standing: Standing) -> None:
        file = self._file(standing.stack)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, standing.model_dump_json().encode())

    def _file(self, stack: str) -> Path:
        return self._folder / f"{stack}.json"


def digest(plan: Planned) -> str:
    """SHA-256 of the plan and of the program that transcribes it."""
    return hashlib.sha256(f"{_program()}\n{plan!r}".encode()).hexdigest()


@cache
def _program() -> str:
    """Of a program that lacks a file, or has one more, the sum is another too."""
    sources = hashlib.sha256()
    for file in (file for pattern in _PROGRAM for file in sorted(_INFRA.glob(pattern))):
        sources.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return sources.hexdigest()
