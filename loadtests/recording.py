"""What a worker records: histograms, counters, and a sample of itself each second.

Cheap by design: per request two dictionary look-ups, one histogram entry and a few additions; all
else happens once a second. Locust carries it to the master inside its own reports.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import gevent
import psutil
from hdrh.histogram import HdrHistogram

from evidence.load import (
    CountySample,
    FailureCount,
    JourneySample,
    LoadPhase,
    LoadSecondRecord,
    LoadWorkerRecord,
)
from loadtests import histograms
from loadtests.dense.counters import Counters
from loadtests.dense.response import DenseResponse

REPORT_KEY = "suyun"
"""Where our part lies in a Locust report."""
_LAG_PROBE_SECONDS = 0.05
_FAILURE_NAMES_MAX = 200
_OTHERS = "other failures"


@dataclass(slots=True)
class Series:
    """One journey in one phase."""

    requests: int = 0
    failed: int = 0
    bytes_received: int = 0
    histogram: HdrHistogram = field(default_factory=histograms.new)


class Recorder:
    """One for a worker. `counters` are those of its dense users."""

    def __init__(self, worker: int, counters: Counters) -> None:
        self.worker = worker
        self.phase = LoadPhase.RAMP
        self.final = False
        self._counters = counters
        self._earlier = LoadPhase.RAMP
        self._phase_began = 0.0
        self._series: dict[tuple[str, LoadPhase], Series] = {}
        self._failures: Counter[tuple[str, str]] = Counter()
        self._completed = self._failed = self._refused = 0
        self._this_second: list[float] = []
        self._lags: list[float] = []
        self._hold_lag = histograms.new()
        self._process = psutil.Process()

    def enter(self, phase: LoadPhase) -> None:
        """From now on requests start in that phase."""
        self._earlier, self.phase, self._phase_began = self.phase, phase, time.time()

    def on_request(
        self,
        name: str,
        response_time: float,
        response: object = None,
        exception: BaseException | None = None,
        start_time: float = 0.0,
        **_: Any,  # noqa: ANN401 - Locust's event has more than we need
    ) -> None:
        """Locust's request event. `response_time` is in milliseconds."""
        phase = self.phase if start_time >= self._phase_began else self._earlier
        series = self._series.get((name, phase))
        if series is None:
            series = self._series[name, phase] = Series()
        series.requests += 1
        if isinstance(response, DenseResponse) and response.whole:
            self._completed += 1
            self._refused += not response.ok
            series.bytes_received += response.bytes_received
            histograms.record(series.histogram, response_time * 1000)
            self._this_second.append(response_time)
        else:
            self._failed += 1
        if exception is not None:
            series.failed += 1
            self._count_failure(name, str(exception))

    def probe_lag(self) -> None:
        """Measures by how much the loop oversleeps, for ever: run in a greenlet of its own."""
        while True:
            before = time.perf_counter()
            gevent.sleep(_LAG_PROBE_SECONDS)
            lag = max(0.0, time.perf_counter() - before - _LAG_PROBE_SECONDS)
            self._lags.append(lag)
            if self.phase is LoadPhase.HOLD:
                histograms.record(self._hold_lag, lag * 1e6)

    def second(self, users: int) -> LoadSecondRecord:
        """A sample of now; what is of one second alone starts anew."""
        counters, times, lags = self._counters, sorted(self._this_second), self._lags
        self._this_second, self._lags = [], []
        return LoadSecondRecord(
            worker=self.worker,
            at=time.time(),
            phase=self.phase,
            users=users,
            connected=counters.connected,
            started=counters.started,
            completed=self._completed,
            failed=self._failed,
            in_flight=counters.in_flight,
            refused=self._refused,
            bytes_received=counters.bytes_received,
            cpu_percent=self._process.cpu_percent(),
            lag_ms_max=max(lags, default=0.0) * 1000,
            memory_mib=self._process.memory_info().rss / 2**20,
            response_ms_p99=times[len(times) * 99 // 100] if times else 0.0,
        )

    def totals(
        self, *, users_ipv6: int = 0, counties: tuple[CountySample, ...] = ()
    ) -> LoadWorkerRecord:
        """All that this worker has seen; `users_ipv6` and `counties` it has from its users."""
        counters = self._counters
        return LoadWorkerRecord(
            worker=self.worker,
            final=self.final,
            started=counters.started,
            completed=self._completed,
            failed=self._failed,
            in_flight=counters.in_flight,
            refused=self._refused,
            retried=counters.retried,
            bytes_received=counters.bytes_received,
            failures=tuple(
                FailureCount(journey=journey, failure=failure, count=count)
                for (journey, failure), count in sorted(self._failures.items())
            ),
            journeys=tuple(_sample(*key, series) for key, series in self._series.items()),
            lag_histogram=histograms.encoded(self._hold_lag),
            users_ipv6=users_ipv6,
            counties=counties,
        )

    def _count_failure(self, journey: str, failure: str) -> None:
        key = (journey, failure[:120])
        if key not in self._failures and len(self._failures) >= _FAILURE_NAMES_MAX:
            key = (journey, _OTHERS)
        self._failures[key] += 1


def _sample(journey: str, phase: LoadPhase, series: Series) -> JourneySample:
    return JourneySample(
        journey=journey,
        phase=phase,
        requests=series.requests,
        failed=series.failed,
        bytes_received=series.bytes_received,
        histogram=histograms.encoded(series.histogram),
    )
