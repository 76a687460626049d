"""A figure: one measured number with its unit, its interval and the objective it answers to."""

from __future__ import annotations

from pydantic import ConfigDict

from evidence.verdict import Verdict
from province.value import Value


class Figure(Value):
    """`low` and `high` bound the true value where an interval is known."""

    model_config = ConfigDict(allow_inf_nan=False, json_schema_serialization_defaults_required=True)

    value: int | float
    unit: str
    low: int | float | None = None
    high: int | float | None = None
    objective: int | float | None = None


class ClaimVerdict(Value):
    """What the judge says of one claim. `evidence` are paths relative to the run folder."""

    id: str
    promise: str
    verdict: Verdict
    where: str
    reason: str
    figures: dict[str, Figure]
    evidence: tuple[str, ...]
