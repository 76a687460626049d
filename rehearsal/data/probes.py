"""Probes: one write at a time, looked for in the other place until it is there, whole.

Lag is the time from the acknowledgement to the first read that finds the same bytes and number, as
an HDR histogram of milliseconds with three significant digits. A look takes time itself, so what is
found between two looks counts as found at the later: lag is never told as less than it was.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from hdrh.histogram import HdrHistogram

from evidence.drills import LagRecord
from province.holdings import Engine
from rehearsal.data.people import SeenError

LOOK_SECONDS = 0.01
GIVE_UP_SECONDS = 30.0
_LOWEST_MS, _HIGHEST_MS, _DIGITS = 1, 3_600_000, 3
_PARTS_OF_MS = 10
"""Recorded in tenths of a millisecond, so that a database's lag is not always 1."""


class ProbePair(Protocol):
    """A place that is written and one that replicates it. Both raise SeenError."""

    engine: Engine
    site: str
    partner: str
    payload_bytes: int

    async def write(self, number: int) -> None:
        """Writes probe `number`; acknowledged once it returns."""

    async def has(self, number: int) -> bool:
        """Whether probe `number` is at the partner, with the bytes and the number it had."""


def histogram() -> Any:  # noqa: ANN401 - hdrh has no types
    """An empty one, of tenths of milliseconds up to an hour."""
    return HdrHistogram(_LOWEST_MS, _HIGHEST_MS * _PARTS_OF_MS, _DIGITS)


@dataclass(kw_only=True, slots=True)
class Lags:
    """What the probes between two places saw. `failed` were never acknowledged."""

    times: Any = field(default_factory=histogram)
    missing: int = 0
    failed: int = 0

    def note(self, seconds: float) -> None:
        """One that was found."""
        self.times.record_value(max(_LOWEST_MS, round(seconds * 1000 * _PARTS_OF_MS)))

    def milliseconds(self, percentile: float) -> float:
        """At that percentile; 0 where nothing was found."""
        if self.times.get_total_count() == 0:
            return 0.0
        return float(self.times.get_value_at_percentile(percentile)) / _PARTS_OF_MS

    def record(self, pair: ProbePair, *, under_load: bool) -> LagRecord:
        """As evidence."""
        return LagRecord(
            engine=pair.engine,
            site=pair.site,
            partner=pair.partner,
            payload_bytes=pair.payload_bytes,
            count=self.times.get_total_count(),
            missing=self.missing,
            lag_ms_p50=self.milliseconds(50),
            lag_ms_p95=self.milliseconds(95),
            lag_ms_p99=self.milliseconds(99),
            lag_ms_max=self.milliseconds(100),
            under_load=under_load,
        )


async def probe(
    pair: ProbePair,
    count: int,
    on_progress: Callable[[int], None],
    clock: Callable[[], float] = time.monotonic,
    give_up_seconds: float = GIVE_UP_SECONDS,
) -> Lags:
    """Writes `count` probes, each after the one before was found or given up.

    Raises SeenError when the first cannot be written at all.
    """
    lags = Lags()
    for number in range(1, count + 1):
        try:
            await pair.write(number)
        except SeenError:
            if number == 1:
                raise
            lags.failed += 1
            continue
        acknowledged = clock()
        if await _is_found(pair, number, acknowledged + give_up_seconds, clock):
            lags.note(clock() - acknowledged)
        else:
            lags.missing += 1
        on_progress(number)
    return lags


async def _is_found(
    pair: ProbePair, number: int, deadline: float, clock: Callable[[], float]
) -> bool:
    while clock() < deadline:
        try:
            if await pair.has(number):
                return True
        except SeenError:
            pass  # it does not answer just now: that is no answer, and it is asked again
        await asyncio.sleep(LOOK_SECONDS)
    return False
