"""The load run over time: who was connected, how much was answered, how fast, at what effort."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from evidence.drills import DrillLoadRecord
from evidence.load import LoadPhase, LoadPhaseRecord, LoadSecondRecord, SiteLossRecord
from release.charts import Chart, line_chart
from release.gathered import Gathered

_SILENT_SECONDS_MAX = 3
"""A worker samples itself about once a second; one silent for longer has nobody connected."""

BySecond = Mapping[int, float]


def load_charts(evidence: Gathered) -> tuple[Chart, ...]:
    """The charts, or none when the workers left no samples. The hold is marked."""
    samples = evidence.of(LoadSecondRecord)
    if not samples:
        return ()
    seconds = sorted({int(sample.at) for sample in samples})
    hold = _hold(evidence.of(LoadPhaseRecord))

    def chart(title: str, unit: str, name: str, values: BySecond) -> Chart:
        line = [values.get(second, 0.0) for second in seconds]
        return line_chart(title, unit, [float(second) for second in seconds], {name: line}, hold)

    responses = _since_before(samples, lambda sample: sample.completed)
    failures = _since_before(samples, lambda sample: sample.failed + sample.refused)
    lost = (chart("Failures", "failures per second", "failures", failures),)
    return (
        chart("Users connected", "users", "connected", _connected(samples, seconds)),
        chart("Responses", "responses per second", "responses", responses),
        *(lost if evidence.of(SiteLossRecord) else ()),
        chart("Response time, p99", "ms, the slowest worker's", "p99", _worst(samples, _p99)),
        chart("Load generator", "% of a core, the busiest worker's", "CPU", _worst(samples, _cpu)),
    )


def drill_charts(evidence: Gathered) -> tuple[Chart, ...]:
    """What users saw of each drill, second by second, with what was done marked."""
    return tuple(
        line_chart(
            f"Drill {load.drill}: what {load.users:,} users saw",
            "requests per second",
            [float(one.second) for one in load.seconds],
            {
                "failed": [float(one.failed) for one in load.seconds],
                "all": [float(one.requests) for one in load.seconds],
            },
            marks=_marks(load),
        )
        for load in evidence.of(DrillLoadRecord)
        if load.seconds
    )


def _marks(load: DrillLoadRecord) -> list[tuple[float, str]]:
    """What was done, and when users were served again after it."""
    done = [(one.second, f"{one.what}, at {one.second:.1f} s") for one in load.moments]
    again = [
        (one.second + one.recovered_seconds, f"served again {one.recovered_seconds} s later")
        for one in load.outages
        if one.recovered_seconds
    ]
    return sorted(done + again)


def _hold(phases: Iterable[LoadPhaseRecord]) -> tuple[float, float] | None:
    began = {record.phase: record.began_at for record in phases}
    if LoadPhase.HOLD not in began or LoadPhase.DRAIN not in began:
        return None
    return began[LoadPhase.HOLD], began[LoadPhase.DRAIN]


def _connected(samples: Iterable[LoadSecondRecord], seconds: Sequence[int]) -> BySecond:
    """All workers together; where a second has no sample of one, its last counts for a while."""
    latest: dict[int, LoadSecondRecord] = {}
    by_second: dict[int, list[LoadSecondRecord]] = defaultdict(list)
    for sample in samples:
        by_second[int(sample.at)].append(sample)
    totals: dict[int, float] = {}
    for second in seconds:
        latest.update({sample.worker: sample for sample in by_second[second]})
        totals[second] = sum(
            s.connected for s in latest.values() if second - int(s.at) <= _SILENT_SECONDS_MAX
        )
    return totals


def _since_before(
    samples: Iterable[LoadSecondRecord], of: Callable[[LoadSecondRecord], int]
) -> BySecond:
    """What was added since each worker's sample before, in the second of the later one."""
    before: dict[int, int] = defaultdict(int)
    totals: dict[int, float] = defaultdict(float)
    for sample in samples:
        totals[int(sample.at)] += of(sample) - before[sample.worker]
        before[sample.worker] = of(sample)
    return totals


def _worst(
    samples: Iterable[LoadSecondRecord], of: Callable[[LoadSecondRecord], float]
) -> BySecond:
    totals: dict[int, float] = defaultdict(float)
    for sample in samples:
        totals[int(sample.at)] = max(totals[int(sample.at)], of(sample))
    return totals


def _p99(sample: LoadSecondRecord) -> float:
    return sample.response_ms_p99


def _cpu(sample: LoadSecondRecord) -> float:
    return sample.cpu_percent
