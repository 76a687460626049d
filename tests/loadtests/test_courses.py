"""Courses are pure functions of time: never more than all are wanted, and without jumps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.courses import Course, ShapeName, course

SHAPES = st.sampled_from(ShapeName)
SECONDS = st.floats(1, 10_000)


def of(shape: ShapeName, factor: float = 1.0) -> Course:
    return course(shape, ramp_seconds=60, hold_seconds=300, factor=factor)


@given(SHAPES, st.floats(-100, 100_000))
def test_a_share_is_a_share_at_any_time(shape: ShapeName, second: float) -> None:
    assert 0 <= of(shape).share(second) <= 1


@given(SHAPES, st.floats(0, 1), st.floats(0.001, 10))
def test_a_factor_stretches_time_and_nothing_else(
    shape: ShapeName, part: float, factor: float
) -> None:
    plain, scaled = of(shape), of(shape, factor)
    assert scaled.seconds == pytest.approx(plain.seconds * factor)
    assert scaled.hold_at == pytest.approx(plain.hold_at * factor)
    second = plain.seconds * part
    assert scaled.share(second * factor) == pytest.approx(plain.share(second), abs=1e-6)


@given(SHAPES, st.floats(0, 1))
def test_nobody_leaves_before_the_hold(shape: ShapeName, part: float) -> None:
    found = of(shape)
    second = found.hold_at * part
    assert found.share(0) == 0
    assert found.share(second) <= found.share(found.hold_at) == found.share_at_hold > 0


@given(SHAPES, st.floats(0, 1))
def test_shares_change_without_jumps(shape: ShapeName, part: float) -> None:
    found = of(shape)
    second = found.seconds * part
    assert abs(found.share(second + 0.1) - found.share(second)) < 0.01


@given(SECONDS, SECONDS)
def test_all_stay_through_a_hold(ramp: float, hold: float) -> None:
    found = course(ShapeName.HOLD, ramp_seconds=ramp, hold_seconds=hold, factor=1)
    assert found == course(ShapeName.SITE_LOSS, ramp_seconds=ramp, hold_seconds=hold, factor=1)
    assert (found.hold_at, found.seconds) == (ramp, ramp + hold)
    assert found.share(ramp / 2) == pytest.approx(0.5)
    assert found.share(ramp) == found.share(ramp + hold) == 1


@pytest.mark.parametrize(
    ("shape", "second", "share"),
    [
        (ShapeName.SPIKE, 1500, 0.3),
        (ShapeName.SPIKE, 1800, 1.0),
        (ShapeName.SPIKE, 5000, 0.4),
        (ShapeName.SOAK, 8 * 3600, 0.8),
        (ShapeName.STEPS, 200, 0.1),
        (ShapeName.STEPS, 330, 0.15),
        (ShapeName.STEPS, 3000, 1.0),
    ],
)
def test_the_shapes_are_those_of_the_day(shape: ShapeName, second: float, share: float) -> None:
    assert of(shape).share(second) == pytest.approx(share)


@pytest.mark.parametrize(
    "points", [((1.0, 0.0), (2.0, 1.0)), ((0.0, 0.0), (2.0, 1.5)), ((0.0, 0.0), (0.5, 1.0))]
)
def test_what_is_no_course_is_refused(points: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match=r"order|share"):
        Course(points=points, hold_at=1)
