"""Chart geometry: everything stays inside the plot, and peaks survive thinning."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.charts import HEIGHT, WIDTH, line_chart, nice_ceiling
from release.load_charts import load_charts
from tests.release import runs

values = st.lists(st.floats(0, 1e9), min_size=1, max_size=600)


@given(values)
def test_every_point_lies_inside_the_plot(series: list[float]) -> None:
    chart = line_chart("t", "u", list(range(len(series))), {"a": series})
    for x, y in re.findall(r"([\d.-]+),([\d.-]+)", chart.lines[0].path):
        assert 0 <= float(x) <= WIDTH
        assert 0 <= float(y) <= HEIGHT
    assert all(0 <= tick.percent <= 100.0001 for tick in (*chart.x_ticks, *chart.y_ticks))


@given(values)
def test_the_highest_point_survives_thinning(series: list[float]) -> None:
    chart = line_chart("t", "u", list(range(len(series))), {"a": series})
    highest = min(float(y) for _, y in re.findall(r"([\d.-]+),([\d.-]+)", chart.lines[0].path))
    expected = HEIGHT * (1 - max(series) / nice_ceiling(max(series)))
    assert highest == pytest.approx(expected, abs=0.051)
    assert chart.lines[0].path.count("L") < 250


@given(st.floats(1e-6, 1e12))
def test_an_axis_ends_at_a_round_number_not_far_above(value: float) -> None:
    top = nice_ceiling(value)
    assert value <= top * (1 + 1e-9)
    assert top <= value * 2.5001
    assert f"{top:.0e}"[0] in "125"


@pytest.mark.parametrize("series", [{}, {"a": []}, {"a": [1.0, 2.0]}])
def test_what_cannot_be_drawn_is_refused(series: dict[str, list[float]]) -> None:
    seconds = [] if not series.get("a") else [0.0]
    with pytest.raises(ValueError, match="a value for every second"):
        line_chart("t", "u", seconds, series)


def test_a_flat_line_at_zero_can_be_drawn() -> None:
    chart = line_chart("t", "u", [5.0], {"a": [0.0]})
    assert chart.lines[0].path == "M0.0,300.0"


def test_the_load_run_over_time_adds_up_all_workers() -> None:
    users, responses, p99, cpu = load_charts(runs.gathered(*runs.over_time(20_000)))
    assert users.span == pytest.approx((100 * 60 / 369, 100 * 360 / 369))
    assert "highest 20,000 users" in users.summary
    assert "highest 110 responses" in responses.summary
    assert "highest 78 ms" in p99.summary
    assert cpu.y_ticks[-1].text == "100"


def test_a_worker_that_misses_a_second_counts_until_it_is_silent_for_long() -> None:
    epoch = 1795505500.0
    first = runs.second(0, 100, epoch, 10)
    steady = [runs.second(1, 100 + i, epoch + i, 10) for i in range(8)]
    (users, *_) = load_charts(runs.gathered(first, *steady))
    assert [row[1] for row in users.rows] == [f"{n}.0" for n in (10, 10, 10, 10, 5, 5, 5, 5)]


def test_a_clock_that_jumps_leaves_a_gap_and_no_endless_axis() -> None:
    samples = [runs.second(0, 100, epoch, 10) for epoch in (5.0, 1795505500.0)]
    (users, *_) = load_charts(runs.gathered(*samples))
    assert len(users.rows) == 2


def test_no_samples_give_no_charts() -> None:
    assert load_charts(runs.gathered(*runs.whole())) == ()
