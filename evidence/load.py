"""The raw records of a load run: what each worker saw, from which the load record is derived.

They are kept so that an old run can be analysed again (`loadtests.analysis`). Counts run from the
worker's start; times are seconds since the epoch (`*_at`), response times milliseconds unless
named otherwise.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from evidence.records import Record
from province.value import Value


class LoadPhase(StrEnum):
    """Where a load run is: users arrive, get ready, are held, finish what they began."""

    RAMP = "ramp"
    SETTLE = "settle"
    HOLD = "hold"
    DRAIN = "drain"
    DONE = "done"


WORKER_LAG_MS_P99_MAX = 20.0
"""A late event loop adds its lag to each response time: 2.5 % of the tightest p95 bound, 800 ms.
Beyond it a load run shows nothing of what it loads."""


class LoadPlanRecord(Record):
    """What the load run set out to do: written before its first process is started."""

    topic: ClassVar[str] = "load-plan"
    users: int
    users_ipv6: int
    ramp_seconds: float
    hold_seconds: float
    workers: int
    tls: bool
    seed: int


class LoadPhaseRecord(Record):
    """The moment at which a phase began."""

    topic: ClassVar[str] = "load-phases"
    phase: LoadPhase
    began_at: float


class SiteLossRecord(Record):
    """The moment at which a site's edge was taken away; its `users` then turn to its partner's.

    `errors_ratio_max` is the objective that failures have to get back under: the strictest
    journey's.
    """

    topic: ClassVar[str] = "load-site-losses"
    site: str
    partner: str
    users: int
    lost_at: float
    errors_ratio_max: float


class LoadSecondRecord(Record):
    """One worker's second. `connected` are its open connections: one for each user.

    `response_ms_p99` and `lag_ms_max` are of this second alone: the slowest of a hundred whole
    responses, and by how much the event loop overslept.
    """

    topic: ClassVar[str] = "load-seconds"
    worker: int
    at: float
    phase: LoadPhase
    users: int
    connected: int
    started: int
    completed: int
    failed: int
    in_flight: int
    refused: int
    bytes_received: int
    cpu_percent: float
    lag_ms_max: float
    memory_mib: float
    response_ms_p99: float


class JourneySample(Value):
    """One journey's requests that started in one phase.

    `failed` counts requests without a whole response and those that were refused or found wrong.
    `histogram` is an HDR histogram (V2, compressed, base64) of whole responses, in microseconds.
    """

    journey: str
    phase: LoadPhase
    requests: int
    failed: int
    bytes_received: int
    histogram: str


class FailureCount(Value):
    """How often a journey failed in that way."""

    journey: str
    failure: str
    count: int


class CountySample(Value):
    """A county whose people logged in at that site's own edge.

    Bit n of `schools`, a hexadecimal number, says that somebody of the county's n-th school did.
    """

    site: str
    county: str
    schools: str


class LoadWorkerRecord(Record):
    """One worker's totals: its last report. `final` says that it had nothing more to tell.

    `started = completed + failed + in_flight`; `refused` are completed with a status of 400 or
    more; `retried` were sent again on a new connection because the kept one was dead.
    `lag_histogram` is in microseconds, of the hold alone. `users_ipv6` have logged in over IPv6.
    `counties` are those whose people have logged in, as the platform placed them.
    """

    topic: ClassVar[str] = "load-workers"
    worker: int
    final: bool
    started: int
    completed: int
    failed: int
    in_flight: int
    refused: int
    retried: int
    bytes_received: int
    failures: tuple[FailureCount, ...]
    journeys: tuple[JourneySample, ...]
    lag_histogram: str
    users_ipv6: int = 0
    counties: tuple[CountySample, ...] = ()
