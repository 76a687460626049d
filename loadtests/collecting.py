"""What the master does with the workers' reports: keeps them, and tells how far the run is."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from locust.runners import MasterRunner

from evidence.load import LoadPhase, LoadPhaseRecord, LoadSecondRecord, LoadWorkerRecord
from evidence.records import LoadStepRecord
from evidence.run import RunFolder
from loadtests.progress import LoadProgress, progress_line
from loadtests.recording import REPORT_KEY

PHASE_MESSAGE = "suyun-phase"
RANK_MESSAGE = "suyun-rank"
TOTALS_MESSAGE = "suyun-totals"
_RATE_SECONDS = 5
"""The rate is told over so long, because reports come in lumps."""
_SILENT_SECONDS_MAX = 15.0
"""A worker that has not reported for so long is not waited for."""


class Collector:
    """One for a master. Samples go to the run folder as they come, totals when the run ends."""

    def __init__(self, runner: MasterRunner, run: RunFolder) -> None:
        self._runner = runner
        self._run = run
        self._latest: dict[int, LoadSecondRecord] = {}
        self._totals: dict[int, LoadWorkerRecord] = {}
        self._heard_at: dict[int, float] = {}
        self._kept = False
        self._completed: deque[tuple[float, int]] = deque(maxlen=_RATE_SECONDS + 1)

    def on_report(self, client_id: str, data: Mapping[str, Any]) -> None:  # noqa: ARG002 - Locust's event
        """Locust's worker_report event."""
        for sample in data.get(REPORT_KEY, {}).get("seconds", ()):
            record = LoadSecondRecord.model_validate(sample)
            self._run.append(record)
            self._latest[record.worker] = record
            self._heard_at[record.worker] = time.monotonic()
        totals = data.get(REPORT_KEY, {}).get("totals")
        if totals is not None:
            kept = LoadWorkerRecord.model_validate(totals)
            self._totals[kept.worker] = kept

    def rank_workers(self) -> None:
        """Tells each worker its rank in the order in which Locust deals out users."""
        for rank, client_id in enumerate(sorted(self._runner.clients)):
            self._runner.send_message(RANK_MESSAGE, {"rank": rank}, client_id)

    def connected(self) -> int:
        """Users connected now, by the latest samples."""
        return sum(sample.connected for sample in self._latest.values())

    def settled(self) -> int:
        """Users connected now, but for those whose request is not answered yet."""
        samples = self._latest.values()
        return sum(sample.connected - sample.in_flight for sample in samples)

    def ask_totals(self) -> None:
        """Has each worker send its totals with its next report."""
        self._runner.send_message(TOTALS_MESSAGE)

    def latest_totals(self) -> tuple[LoadWorkerRecord, ...]:
        """The last totals of each worker."""
        return tuple(self._totals.values())

    def keep_step(self, record: LoadStepRecord) -> None:
        """Writes what a step showed to the run folder."""
        self._run.append(record)

    def drained(self) -> bool:
        """Whether each worker that still speaks has sent its final totals."""
        silent_since = time.monotonic() - _SILENT_SECONDS_MAX
        return all(
            number in self._totals and self._totals[number].final
            for number, heard_at in self._heard_at.items()
            if heard_at > silent_since
        )

    def announce(self, phase: LoadPhase) -> None:
        """Tells the workers, and the run folder, that a phase begins. The last one keeps totals."""
        self._run.append(LoadPhaseRecord(phase=phase, began_at=time.time()))
        self._runner.send_message(PHASE_MESSAGE, {"phase": phase.value})
        if phase is LoadPhase.DONE:
            self.keep_totals()

    def keep_totals(self) -> None:
        """Writes each worker's last totals to the run folder; only the first call does."""
        if not self._kept:
            self._kept = True
            for number in sorted(self._totals):
                self._run.append(self._totals[number])

    def tell_progress(self, phase: LoadPhase, target: int, seconds_left: float) -> None:
        """One line on standard output for `loadtests.run`."""
        samples = self._latest.values()
        self._completed.append((time.monotonic(), sum(sample.completed for sample in samples)))
        (earlier, before), (now, completed) = self._completed[0], self._completed[-1]
        progress = LoadProgress(
            phase=phase,
            workers=len(samples),
            users_connected=self.connected(),
            users_target=target,
            requests_per_second=(completed - before) / max(0.001, now - earlier),
            response_ms_p99=max((sample.response_ms_p99 for sample in samples), default=0.0),
            failed=sum(sample.failed for sample in samples),
            seconds_left=seconds_left,
        )
        sys.stdout.write(progress_line(progress) + "\n")
        sys.stdout.flush()
