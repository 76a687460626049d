"""The crowd of a load run: how many users come, how fast, and how long they stay."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """`users` arrive within `ramp_seconds` and stay for `hold_seconds`; `seed` fixes choices."""

    users: int
    ramp_seconds: float
    hold_seconds: float
    seed: int
