"""HDR histograms of microseconds: three significant digits, up to ten minutes.

Locust's own statistics keep two digits (1,050 ms becomes 1,000), which would let a broken objective
of 1,000 ms pass; and its percentiles cannot be merged over workers exactly. These can.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from hdrh.histogram import HdrHistogram

LONGEST_US = 600_000_000
_DIGITS = 3


def new() -> HdrHistogram:
    """An empty histogram."""
    return HdrHistogram(1, LONGEST_US, _DIGITS)


def record(histogram: HdrHistogram, microseconds: float) -> None:
    """Records one value; what is longer than the longest counts as the longest."""
    histogram.record_value(min(int(microseconds), LONGEST_US))


def encoded(histogram: HdrHistogram) -> str:
    """The histogram as text: V2, compressed, base64."""
    return str(histogram.encode().decode("ascii"))


def merged(texts: Iterable[str]) -> HdrHistogram:
    """One histogram of all that those recorded."""
    total = new()
    for text in texts:
        total.decode_and_add(text.encode("ascii"))
    return total


def difference(later: HdrHistogram, earlier: HdrHistogram) -> HdrHistogram:
    """What `later` recorded besides all that `earlier`, an older state of it, had recorded."""
    rest = new()
    for index in range(later.counts_len):
        added = later.get_count_at_index(index) - earlier.get_count_at_index(index)
        if added > 0:
            rest.record_value(later.get_value_from_index(index), added)
    return rest


def percentile_ms(histogram: HdrHistogram, percent: float) -> float:
    """That percentile in milliseconds, by nearest rank; 0 when nothing was recorded.

    At least `percent` of the values are no longer than it. The library itself rounds the rank,
    and so would answer for a few values with one that more of them exceed.
    """
    count = histogram.total_count
    if count == 0:
        return 0.0
    rank = math.ceil(count * percent / 100)
    return float(histogram.get_value_at_percentile(100 * rank / count)) / 1000


def longest_ms(histogram: HdrHistogram) -> float:
    """The longest value in milliseconds, to three digits; 0 when nothing was recorded."""
    return percentile_ms(histogram, 100)
