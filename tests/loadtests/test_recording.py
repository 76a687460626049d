"""Recording on workers and merging on the master is the same as recording everything in one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.load import LoadPhase, LoadWorkerRecord
from loadtests import histograms
from loadtests.analysis import journeys_of_hold
from loadtests.dense.counters import Counters
from loadtests.dense.response import DenseResponse
from loadtests.recording import Recorder

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["login", "course", "video"]),
        st.floats(0, 700_000, allow_nan=False),
        st.sampled_from([0, 200, 201, 404, 503]),
        st.integers(0, 3),
    ),
    max_size=30,
)


def record(recorder: Recorder, counters: Counters, event: tuple[str, float, int, int]) -> None:
    name, milliseconds, status, _ = event
    response = DenseResponse(url="/", status_code=status)
    response.bytes_received = 100 if status else 7
    counters.started += 1
    counters.bytes_received += response.bytes_received
    wrong = None if response.ok else RuntimeError(f"HTTP {status}")
    recorder.on_request(name, milliseconds, response=response, exception=wrong, start_time=2**40)


def recorded(events: list[tuple[str, float, int, int]]) -> LoadWorkerRecord:
    counters = Counters()
    recorder = Recorder(0, counters)
    recorder.enter(LoadPhase.HOLD)
    for event in events:
        record(recorder, counters, event)
    totals = recorder.totals()
    return LoadWorkerRecord.model_validate_json(totals.model_dump_json())


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_merged_reports_equal_one_recording(events: list[tuple[str, float, int, int]]) -> None:
    workers = [recorded([e for e in events if e[3] == worker]) for worker in range(4)]
    assert journeys_of_hold(workers) == journeys_of_hold([recorded(events)])
    assert sum(w.completed for w in workers) == sum(1 for e in events if e[2])
    assert sum(w.failed for w in workers) == sum(1 for e in events if not e[2])
    assert sum(w.refused for w in workers) == sum(1 for e in events if e[2] >= 400)
    for worker in workers:
        assert worker.started == worker.completed + worker.failed + worker.in_flight


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, histograms.LONGEST_US), min_size=1, max_size=200))
def test_percentiles_keep_three_digits(values: list[int]) -> None:
    histogram = histograms.new()
    for value in values:
        histograms.record(histogram, value)
    histogram = histograms.merged([histograms.encoded(histogram)])
    for percent in (50, 95, 99, 100):
        exact = sorted(values)[max(0, -(-len(values) * percent // 100) - 1)] / 1000
        found = histograms.percentile_ms(histogram, percent)
        assert abs(found - exact) <= exact * 0.001 + 0.001


def test_1050_ms_is_not_1000_ms() -> None:
    """Locust's own statistics would say 1,000 and let a broken objective pass."""
    histogram = histograms.new()
    histograms.record(histogram, 1_050_000)
    assert histograms.percentile_ms(histogram, 95) > 1049


def test_a_request_belongs_to_the_phase_in_which_it_started() -> None:
    recorder = Recorder(0, Counters())
    ok = DenseResponse(url="/", status_code=200)
    recorder.on_request("course", 1.0, response=ok, start_time=1.0)
    recorder.enter(LoadPhase.HOLD)
    recorder.on_request("course", 1.0, response=ok, start_time=1.0)
    recorder.on_request("course", 1.0, response=ok, start_time=2**40)
    phases = {sample.phase: sample.requests for sample in recorder.totals().journeys}
    assert phases == {LoadPhase.RAMP: 2, LoadPhase.HOLD: 1}


def test_failures_keep_their_names_up_to_a_bound() -> None:
    recorder = Recorder(0, Counters())
    for number in range(500):
        error = RuntimeError(f"e{number}" + "x" * 500)
        recorder.on_request("course", 1.0, response=None, exception=error)
    failures = recorder.totals().failures
    assert sum(item.count for item in failures) == 500
    assert len(failures) <= 201
    assert all(len(item.failure) <= 120 for item in failures)


def test_a_second_starts_anew_but_counts_go_on() -> None:
    counters = Counters(connected=3)
    recorder = Recorder(5, counters)
    record(recorder, counters, ("course", 12.0, 200, 0))
    first, second = recorder.second(3), recorder.second(3)
    assert (first.worker, first.connected, first.completed, first.response_ms_p99) == (5, 3, 1, 12)
    assert (second.completed, second.response_ms_p99) == (1, 0)
