"""A figure: one measured number with its unit, its interval and the objective it answers to."""

from __future__ import annotations

from pydantic import ConfigDict

from evidence.verdict import Verdict
from province.value import Value


class Figure(Value):
    """`low` and `high` bound the true value where an interval is known; `objective` is the bound."""

    model_config = ConfigDict(allow_inf_nan=False)

    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    objective: float | None = None


class ClaimVerdict(Value):
    """What the judge says of one claim. `evidence` are paths relative to the run folder."""

    id: str
    promise: str
    verdict: Verdict
    where: str
    reason: str
    figures: dict[str, Figure]
    evidence: tuple[str, ...]
