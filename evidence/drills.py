"""The records of drills: what was done, what it cost, what was lost; and what the probes saw.

A drill is a runbook, carried out (`./suyun drill NAME`). Its runner writes the steps and the end.
What the drill did to people's data is written by the checker alone, which is no part of what wrote
that data. A command of a drill's step finds its run's folder in the variable `RUN_VARIABLE`.
Times are seconds since the epoch (`*_at`) or durations (`*_seconds`).
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from evidence.records import YEAR_10000, FailureSecond, Record
from evidence.verdict import Verdict
from province.holdings import Engine
from province.value import Value

RUN_VARIABLE = "SUYUN_RUN"
"""Names, in the environment of a step's command, the run folder to which evidence is appended."""


class DrillStepBegunRecord(Record):
    """The moment at which a step of a drill began; of one whose runner was killed all there is.

    `step` counts from 1. What takes a step back has `is_undo`.
    """

    topic: ClassVar[str] = "drill-steps-begun"
    drill: str
    step: int = Field(ge=1)
    is_undo: bool = False
    began_at: float = Field(ge=0, lt=YEAR_10000)


class DrillStepRecord(Record):
    """One step of a drill, when it ended: it began `seconds` before `ended_at`.

    `step` counts from 1, of `steps`. `exit_code` is the command's, None where it had none (a time
    limit, Ctrl-C); `tail` the last lines of its output. What took a step back has `is_undo`.
    """

    topic: ClassVar[str] = "drill-steps"
    drill: str
    step: int = Field(ge=1)
    steps: int = Field(ge=1)
    title: str
    is_undo: bool = False
    ended_at: float = Field(ge=0, lt=YEAR_10000)
    seconds: float = Field(ge=0)
    exit_code: int | None
    verdict: Verdict
    reason: str
    tail: tuple[str, ...] = ()


class DrillRecord(Record):
    """How a drill ended: at `step` of `steps`, the last one that was carried out.

    PASS where every step showed what its runbook expects, FAIL where one showed something else,
    UNKNOWN where one could not say or the drill was broken off. `seconds` are those since it was
    begun or, where it was taken up again at a step, since then.
    """

    topic: ClassVar[str] = "drills"
    drill: str
    step: int = Field(ge=0)
    steps: int = Field(ge=1)
    seconds: float = Field(ge=0)
    verdict: Verdict
    reason: str


class DrillFiguresRecord(Record):
    """What a drill did to one engine's data, as the checker accounts for it. None: not measured.

    `site` is where it was done, `partner` the site that had to answer for it. Every write that was
    acknowledged to a client is exactly one of: `kept` (found once, its bytes as written), `lost`
    (not found), `duplicated` (found more than once), `corrupted` (found with other bytes).
    `is_synchronous` says that, as planned, a write is acknowledged only when the partner has it.

    `rpo_seconds` is the age that the oldest lost write had at the moment of the loss, 0 where none
    was lost. `rto_seconds` run from that moment until clients were answered again: object reads,
    or writes to the database. What users saw meanwhile is a record of its own (`DrillLoadRecord`).
    """

    topic: ClassVar[str] = "drill-figures"
    drill: str
    engine: Engine
    site: str
    partner: str
    is_synchronous: bool
    writes_acknowledged: int = Field(ge=0)
    kept: int = Field(ge=0)
    lost: int = Field(ge=0)
    duplicated: int = Field(ge=0)
    corrupted: int = Field(ge=0)
    rpo_seconds: float | None = Field(default=None, ge=0)
    rto_seconds: float | None = Field(default=None, ge=0)
    checked_at: float = Field(ge=0, lt=YEAR_10000)

    @model_validator(mode="after")
    def _every_write_is_accounted_for_once(self) -> DrillFiguresRecord:
        told = self.kept + self.lost + self.duplicated + self.corrupted
        if told != self.writes_acknowledged:
            raise ValueError(f"{told} writes are told of, {self.writes_acknowledged} acknowledged")
        return self


class Moment(Value):
    """Something that was done to the data world; `second` counts from the first such thing."""

    what: str
    second: float


class Outage(Moment):
    """Something that took from users what they need.

    `recovered_seconds` end with the last second in which more of their requests failed than the
    objective allows; None where that is the last second before the next outage, or of all.
    """

    recovered_seconds: int | None


class DrillLoadRecord(Record):
    """What the `users` saw who were at work on the platform while a drill went on.

    `requests` are those of all journeys from ten seconds before the first thing that was done until
    the hold ended; of these `failed` had no whole response, or one that was refused. `seconds` has
    them second by second, `moments` all that was done, `outages` what of it took something away.
    `errors_ratio_max` is the strictest journey's objective. A generator that was late or lost
    workers shows nothing of what it loads. `folder` has the load's raw records, in the run folder.
    """

    topic: ClassVar[str] = "drill-loads"
    drill: str
    users: int = Field(ge=0)
    users_held_min: int = Field(ge=0)
    requests: int = Field(ge=0)
    failed: int = Field(ge=0)
    errors_ratio_max: float = Field(ge=0)
    seconds: tuple[FailureSecond, ...]
    moments: tuple[Moment, ...]
    outages: tuple[Outage, ...]
    workers_lost: int = Field(ge=0)
    worker_lag_ms_p99: float = Field(ge=0)
    folder: str


class LagRecord(Record):
    """How long what was written at `site` took to be found at `partner`, with the same bytes.

    Milliseconds from the acknowledged write to the first read that found it, over `count` probes
    of `payload_bytes` each; `missing` more were never found in the time that they were given.
    Percentiles and the highest are 0 where nothing was found. `under_load` says that users asked
    the platform meanwhile, by the platform's own count.
    """

    topic: ClassVar[str] = "lags"
    engine: Engine
    site: str
    partner: str
    payload_bytes: int = Field(ge=1)
    count: int = Field(ge=0)
    missing: int = Field(default=0, ge=0)
    lag_ms_p50: float = Field(ge=0)
    lag_ms_p95: float = Field(ge=0)
    lag_ms_p99: float = Field(ge=0)
    lag_ms_max: float = Field(ge=0)
    under_load: bool

    @model_validator(mode="after")
    def _times_are_in_order(self) -> LagRecord:
        times = (self.lag_ms_p50, self.lag_ms_p95, self.lag_ms_p99, self.lag_ms_max)
        if list(times) != sorted(times):
            raise ValueError("p50, p95, p99 and the highest are not in ascending order")
        return self


class ResourceRecord(Record):
    """One teaching resource, asked for at a site: where it was read, and whether it was the same.

    It was stored at `stored_at`, found in the catalogue as `asked_at` answers it, and read from
    `read_from`; `nearest` is the site whose copy the plan says is the nearest. None where it was
    not found, or not read. Hashes are SHA-256, in hexadecimal, of the bytes stored and read.
    """

    topic: ClassVar[str] = "resources"
    resource: str
    stored_at: str
    asked_at: str
    nearest: str
    is_found: bool
    read_from: str | None
    sha256_stored: str
    sha256_read: str | None
    seconds: float = Field(ge=0)
