"""Intervals against published values, and against what any interval must be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.interval import quantile_shares, wilson

PUBLISHED = [
    # R. G. Newcombe, Stat. Med. 17 (1998) 857-872, table I, method 3 (score, no correction).
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]


@pytest.mark.parametrize(("events", "trials", "low", "high"), PUBLISHED)
def test_wilson_gives_the_published_interval(
    events: int, trials: int, low: float, high: float
) -> None:
    interval = wilson(events, trials)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


shares = st.integers(1, 10**9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(shares)
def test_the_share_itself_lies_in_its_interval(share: tuple[int, int]) -> None:
    events, trials = share
    interval = wilson(events, trials)
    assert 0 <= interval.low <= events / trials <= interval.high <= 1


@given(shares)
def test_successes_and_failures_mirror_each_other(share: tuple[int, int]) -> None:
    events, trials = share
    interval, mirror = wilson(events, trials), wilson(trials - events, trials)
    assert interval.low == pytest.approx(1 - mirror.high, abs=1e-9)


@given(shares)
def test_ten_times_the_sample_narrows_the_interval(share: tuple[int, int]) -> None:
    events, trials = share
    few, many = wilson(events, trials), wilson(10 * events, 10 * trials)
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize(("events", "trials"), [(0, 0), (-1, 5), (6, 5), (1, 0)])
def test_what_has_no_share_is_refused(events: int, trials: int) -> None:
    with pytest.raises(ValueError, match="have no share"):
        wilson(events, trials)


def test_a_medians_interval_is_the_textbook_one() -> None:
    # Conover (1999) section 3.2: ranks n/2 ± 1.96 sqrt(n)/2; of 100 values the 40th to the 60th.
    interval = quantile_shares(0.5, 100)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((0.402, 0.598), abs=1e-4)


@pytest.mark.parametrize(("share", "samples"), [(0.5, 0), (0.5, 3), (0.99, 300), (0.95, 70)])
def test_a_sample_that_cannot_hold_the_interval_gives_none(share: float, samples: int) -> None:
    assert quantile_shares(share, samples) is None


@given(st.floats(0.01, 0.99), st.integers(1, 10**9))
def test_the_share_lies_between_its_bounds(share: float, samples: int) -> None:
    interval = quantile_shares(share, samples)
    assert interval is None or 0 < interval.low < share < interval.high < 1
