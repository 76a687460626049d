"""The crowd of a load run: how many users come, how fast, and how long they stay."""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.courses import Hour, ShapeName


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """`users` arrive within `ramp_seconds` and stay for `hold_seconds`; `seed` fixes choices.

    `rate` is of all users together, in requests a second; without it think times are multiplied by
    `think_scale`. See `loadtests.order.LoadOrder`.
    """

    users: int
    ramp_seconds: float
    hold_seconds: float
    seed: int
    rate: float | None = None
    think_scale: float = 1.0
    shape: ShapeName = ShapeName.HOLD
    time_scale: float = 1.0
    hour: Hour = Hour.DAY
