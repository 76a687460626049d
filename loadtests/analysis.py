"""From what the workers reported to the load record and its journeys: a pure function.

It reads a run folder's records alone, so an old run can be analysed again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evidence.load import (
    JourneySample,
    LoadPhase,
    LoadPhaseRecord,
    LoadPlanRecord,
    LoadSecondRecord,
    LoadWorkerRecord,
    SiteLossRecord,
)
from evidence.records import JourneyRecord, LoadRecord
from evidence.run import RunFolder
from loadtests import histograms
from loadtests.order import LoadError

_NAMES_MAX = 20
_SILENT_SECONDS_MAX = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """All that a load run left on disk."""

    plan: LoadPlanRecord
    phases: tuple[LoadPhaseRecord, ...]
    seconds: tuple[LoadSecondRecord, ...]
    workers: tuple[LoadWorkerRecord, ...]
    losses: tuple[SiteLossRecord, ...] = ()


def read_evidence(run: RunFolder) -> Evidence:
    """The load run of that folder. Raises LoadError when there was none, RunFolderError."""
    plans = run.read(LoadPlanRecord)
    if not plans:
        raise LoadError(f"{run.path} holds no load run", "choose a run that had a load stage")
    return Evidence(
        plan=plans[-1],
        phases=run.read(LoadPhaseRecord),
        seconds=run.read(LoadSecondRecord),
        workers=run.read(LoadWorkerRecord),
        losses=run.read(SiteLossRecord),
    )


def analyse(evidence: Evidence) -> tuple[LoadRecord, tuple[JourneyRecord, ...]]:
    """The load as a whole, and each journey over the hold."""
    return _load(evidence), journeys_of_hold(evidence.workers)


def journeys_of_hold(workers: Iterable[LoadWorkerRecord]) -> tuple[JourneyRecord, ...]:
    """Each journey's figures over requests that started in the hold, all workers together."""
    samples: dict[str, list[JourneySample]] = defaultdict(list)
    for worker in workers:
        for sample in worker.journeys:
            if sample.phase is LoadPhase.HOLD:
                samples[sample.journey].append(sample)
    return tuple(_journey(name, found) for name, found in sorted(samples.items()))


def _journey(name: str, samples: Sequence[JourneySample]) -> JourneyRecord:
    histogram = histograms.merged(sample.histogram for sample in samples)
    return JourneyRecord(
        journey=name,
        requests=sum(sample.requests for sample in samples),
        failed=sum(sample.failed for sample in samples),
        response_ms_p50=histograms.percentile_ms(histogram, 50),
        response_ms_p95=histograms.percentile_ms(histogram, 95),
        response_ms_p99=histograms.percentile_ms(histogram, 99),
        response_ms_max=histograms.longest_ms(histogram),
        bytes_received=sum(sample.bytes_received for sample in samples),
    )


def _load(evidence: Evidence) -> LoadRecord:
    plan, workers = evidence.plan, evidence.workers
    began = {record.phase: record.began_at for record in evidence.phases}
    hold_began, hold_ended = began.get(LoadPhase.HOLD), began.get(LoadPhase.DRAIN)
    connected = _connected_by_second(evidence.seconds)
    held = [sample for sample in evidence.seconds if sample.phase is LoadPhase.HOLD]
    lag = histograms.merged(worker.lag_histogram for worker in workers)
    loss = _loss(evidence)
    return LoadRecord(
        users_planned=plan.users,
        users_connected_peak=max(connected.values(), default=0),
        users_held_min=min(_whole_seconds(connected, hold_began, hold_ended), default=0),
        hold_seconds=_between(hold_began, hold_ended),
        ramp_seconds=_between(began.get(LoadPhase.RAMP), began.get(LoadPhase.SETTLE, hold_began)),
        tls=plan.tls,
        started=sum(worker.started for worker in workers),
        completed=sum(worker.completed for worker in workers),
        failed=sum(worker.failed for worker in workers),
        in_flight=sum(worker.in_flight for worker in workers),
        responses_refused=sum(worker.refused for worker in workers),
        bytes_received=sum(worker.bytes_received for worker in workers),
        workers_planned=plan.workers,
        workers_lost=plan.workers - sum(worker.final for worker in workers),
        worker_cpu_percent_max=max((sample.cpu_percent for sample in held), default=0.0),
        worker_lag_ms_p99=histograms.percentile_ms(lag, 99),
        worker_memory_mib_max=max((s.memory_mib for s in evidence.seconds), default=0.0),
        seed=plan.seed,
        users_ipv6=sum(worker.users_ipv6 for worker in workers),
        users_lost=loss.users,
        samples_kept=loss.kept,
        samples_lost=loss.lost,
        response_refused_names=_failure_names(workers),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Loss:
    """What went with the workers that never sent their final totals."""

    users: int
    kept: int
    lost: int


def _loss(evidence: Evidence) -> _Loss:
    """A worker tells of itself each second and sends its totals every few: the rest is lost."""
    final = {worker.worker for worker in evidence.workers if worker.final}
    kept = {w.worker: w.completed for w in evidence.workers if not w.final}
    last = {s.worker: s for s in evidence.seconds if s.worker not in final}
    return _Loss(
        users=sum(sample.connected for sample in last.values()),
        kept=sum(kept.values()),
        lost=sum(max(0, s.completed - kept.get(s.worker, 0)) for s in last.values()),
    )


def _connected_by_second(seconds: Iterable[LoadSecondRecord]) -> dict[int, int]:
    """Connections of all workers together, by whole second since the epoch.

    A worker samples itself about once a second, so now and then a second has no sample of it: then
    its last one counts. A worker that has been silent for longer has nobody connected.
    """
    totals: dict[int, dict[int, int]] = defaultdict(dict)
    for sample in seconds:
        totals[int(sample.at)][sample.worker] = sample.connected
    last: dict[int, tuple[int, int]] = {}
    connected = {}
    for second in sorted(totals):
        last.update({worker: (second, n) for worker, n in totals[second].items()})
        connected[second] = sum(
            n for seen, n in last.values() if second - seen <= _SILENT_SECONDS_MAX
        )
    return connected


def _whole_seconds(
    connected: dict[int, int], began: float | None, ended: float | None
) -> list[int]:
    """Those of seconds that lie wholly between the two times."""
    if began is None or ended is None:
        return []
    return [n for second, n in connected.items() if began <= second and second + 1 <= ended]


def _between(began: float | None, ended: float | None) -> float:
    return 0.0 if began is None or ended is None else ended - began


def _failure_names(workers: Iterable[LoadWorkerRecord]) -> tuple[str, ...]:
    """The commonest failures, such as `video: HTTP 503 (12)`."""
    counted: Counter[tuple[str, str]] = Counter()
    for worker in workers:
        for item in worker.failures:
            counted[item.journey, item.failure] += item.count
    return tuple(
        f"{journey}: {failure} ({count})"
        for (journey, failure), count in counted.most_common(_NAMES_MAX)
    )
