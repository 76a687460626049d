from __future__ import annotations

from evidence.load import LoadPhase
from loadtests.shapes import Course, RampAndHold

COURSE = Course(users=100, ramp_seconds=10, hold_seconds=30, settle_seconds=20, drain_seconds=15)


class Workers:
    """A fleet whose users connect and drain as the test says."""

    def __init__(self) -> None:
        self.now = 0.0
        self.users = 0
        self.is_drained = False
        self.announced: list[tuple[LoadPhase, float]] = []

    def connected(self) -> int:
        return self.users

    def drained(self) -> bool:
        return self.is_drained

    def announce(self, phase: LoadPhase) -> None:
        self.announced.append((phase, self.now))


class Shape(RampAndHold):
    abstract = True


def begun() -> tuple[Shape, Workers]:
    shape, workers = Shape(), Workers()
    shape.begin(workers, COURSE, lambda: workers.now)
    return shape, workers


def run_to(shape: Shape, workers: Workers, second: int) -> tuple[int, float] | None:
    wanted: tuple[int, float] | None = (0, 0)
    while workers.now < second and wanted is not None:
        wanted = shape.tick()
        workers.now += 1
    return wanted


def test_the_hold_begins_when_all_are_connected_and_lasts() -> None:
    shape, workers = begun()
    assert run_to(shape, workers, 12) == (100, 10.0)
    assert shape.phase is LoadPhase.RAMP
    workers.users = 100
    assert run_to(shape, workers, 42) == (100, 10.0)
    workers.is_drained = True
    assert run_to(shape, workers, 60) is None
    assert workers.announced == [
        (LoadPhase.RAMP, 0),
        (LoadPhase.HOLD, 12),
        (LoadPhase.DRAIN, 42),
        (LoadPhase.DONE, 43),
    ]


def test_users_that_never_connect_do_not_hold_up_the_run_for_ever() -> None:
    shape, workers = begun()
    workers.users = 99
    assert run_to(shape, workers, 1000) is None
    assert workers.announced == [
        (LoadPhase.RAMP, 0),
        (LoadPhase.HOLD, 30),
        (LoadPhase.DRAIN, 60),
        (LoadPhase.DONE, 75),
    ]


def test_the_time_left_never_grows() -> None:
    shape, workers = begun()
    left = [shape.seconds_left()]
    workers.users = 100
    for _ in range(50):
        shape.tick()
        left.append(shape.seconds_left())
        workers.now += 1
    assert left[0] == 40
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0
