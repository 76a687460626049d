"""What was seen of each journey over the hold: its record, and how sure its percentiles are."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isclose

from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram

from evidence.interval import Interval, quantile_shares, wilson
from evidence.load import LoadPhase, LoadWorkerRecord
from evidence.records import JourneyRecord
from loadtests import histograms
from release.gathered import Gathered

_UNREADABLE = (HdrCookieException, HdrLengthException, ValueError, zlib.error)


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenJourney:
    """A journey with the 95 % intervals of its figures, in milliseconds and as a share.

    A percentile's interval is None where no histogram was kept, or too few responses were seen.
    `agrees` tells whether the record says what its histograms say.
    """

    record: JourneyRecord
    errors: Interval
    response_ms_p95: Interval | None
    response_ms_p99: Interval | None
    agrees: bool


def seen_journeys(evidence: Gathered) -> dict[str, SeenJourney]:
    """By name, those that had requests."""
    texts = _histograms(evidence.of(LoadWorkerRecord))
    return {
        record.journey: _seen(record, _merged(texts.get(record.journey, ())))
        for record in evidence.of(JourneyRecord)
        if record.requests
    }


def _seen(record: JourneyRecord, histogram: HdrHistogram) -> SeenJourney:
    return SeenJourney(
        record=record,
        errors=wilson(record.failed, record.requests),
        response_ms_p95=_interval(histogram, 95),
        response_ms_p99=_interval(histogram, 99),
        agrees=histogram.total_count == 0
        or (
            isclose(record.response_ms_p95, histograms.percentile_ms(histogram, 95))
            and isclose(record.response_ms_p99, histograms.percentile_ms(histogram, 99))
        ),
    )


def _histograms(workers: Iterable[LoadWorkerRecord]) -> Mapping[str, list[str]]:
    texts: dict[str, list[str]] = defaultdict(list)
    for worker in workers:
        for sample in worker.journeys:
            if sample.phase is LoadPhase.HOLD:
                texts[sample.journey].append(sample.histogram)
    return texts


def _merged(texts: Iterable[str]) -> HdrHistogram:
    """All workers' histograms as one; empty where one of them cannot be read."""
    try:
        return histograms.merged(texts)
    except _UNREADABLE:
        return histograms.new()


def _interval(histogram: HdrHistogram, percent: float) -> Interval | None:
    shares = quantile_shares(percent / 100, histogram.total_count)
    if shares is None:
        return None
    return Interval(
        low=histograms.percentile_ms(histogram, 100 * shares.low),
        high=histograms.percentile_ms(histogram, 100 * shares.high),
    )
