"""Intervals: how far a measured share may lie from the true one.

Both take requests as independent; in a load run errors come in clusters, so that a true interval
is wider. The gate uses them one way only: too few requests can never show that a bound holds.
"""

from __future__ import annotations

from math import sqrt

from province.value import Value

Z_95 = 1.959963984540054
"""The 97.5 % point of the standard normal distribution: two-sided 95 %."""


class Interval(Value):
    """A closed interval."""

    low: float
    high: float


def wilson(events: int, trials: int, z: float = Z_95) -> Interval:
    """The score interval for a share of `events` in `trials`.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    J. Am. Stat. Assoc. 22 (1927) 209-212. Unlike the normal approximation it keeps its coverage
    for rare events and is not empty for none. Raises ValueError unless 0 <= events <= trials
    and trials > 0.
    """
    if not 0 <= events <= trials or trials == 0:
        raise ValueError(f"{events} events in {trials} trials have no share")
    share, weight = events / trials, z * z / trials
    centre = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * sqrt(share * (1 - share) / trials + weight / (4 * trials))
    return Interval(
        low=0.0 if events == 0 else max(0.0, centre - half),
        high=1.0 if events == trials else min(1.0, centre + half),
    )


def quantile_shares(share: float, samples: int, z: float = Z_95) -> Interval | None:
    """Between which shares of a sorted sample the true quantile at `share` lies.

    The number of values below a quantile is binomial, whatever the values' distribution, so that
    order statistics bound it (W. J. Conover, Practical Nonparametric Statistics, 3rd ed. 1999,
    section 3.2, with its normal approximation). None where the sample is too small to hold both.
    """
    half = z * sqrt(share * (1 - share) / samples) if samples else 1.0
    low, high = share - half, share + half
    return Interval(low=low, high=high) if low > 0 and high < 1 else None
