"""The crowd of a load run: how many users come, how fast, and how long they stay."""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.courses import Hour, ShapeName

ARRIVALS_PER_SECOND = 700
"""Two cores take so many handshakes and logins, clients included, and stay quick (measured)."""
RAMP_SECONDS_MIN = 5.0


def usual_ramp_seconds(users: int) -> float:
    """Seconds in which so many users arrive where nobody says otherwise."""
    return max(RAMP_SECONDS_MIN, users / ARRIVALS_PER_SECOND)


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
    lost_site: str | None = None
    """Of the shape `site-loss`; None is the branch with the most users."""
