"""What the engine asks of a worker, and what the worker tells: JSON, one value a line."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from province.findings import Finding
from province.value import Value

Operation = Literal["preview", "up", "second-preview", "drift", "destroy"]


class WorkerOrder(Value):
    """One operation on one stack. `folder` holds its Pulumi.yaml and stack file.

    `pulumi_root` has `bin/pulumi` in it. Environment variables (backend, passphrase, PATH) come
    with the process, not with the order.
    """

    operation: Operation
    stack: str
    site: str
    folder: Path
    pulumi_root: Path
    policy_pack: Path | None
    resources_parallel: int


class DriftedField(Value):
    """One field whose live value is not the one in code. None: the field is not there."""

    resource: str
    field: str
    code: str | None
    live: str | None


class StepTold(Value):
    """A resource is done: `done` of the stack's resources so far."""

    kind: Literal["step"] = "step"
    done: int
    resource: str


class NoteTold(Value):
    """Something that a person should know and that needs no answer."""

    kind: Literal["note"] = "note"
    text: str


class EndTold(Value):
    """The operation's end. `error` is None when Pulumi did all that was asked.

    `rules` is how many policies were evaluated; counts are resources.
    """

    kind: Literal["end"] = "end"
    seconds: float
    created: int = 0
    updated: int = 0
    replaced: int = 0
    deleted: int = 0
    same: int = 0
    rules: int = 0
    findings: tuple[Finding, ...] = ()
    drift: tuple[DriftedField, ...] = ()
    error: str | None = None


Told = StepTold | NoteTold | EndTold
_TOLD: TypeAdapter[Told] = TypeAdapter(StepTold | NoteTold | EndTold, config={"defer_build": True})


def parse_told(line: str) -> Told:
    """The value that a worker's line says. Raises pydantic.ValidationError on anything else."""
    return _TOLD.validate_json(line)
