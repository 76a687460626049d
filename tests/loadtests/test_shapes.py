from __future__ import annotations

from evidence.load import LoadPhase
from loadtests.courses import ShapeName, course
from loadtests.shapes import Script, Staged


class Workers:
    """A fleet whose users connect, settle and drain as the test says."""

    def __init__(self) -> None:
        self.now = 0.0
        self.users = 0
        self.busy = 0
        self.is_drained = False
        self.announced: list[tuple[LoadPhase, float]] = []

    def connected(self) -> int:
        return self.users

    def settled(self) -> int:
        return self.users - self.busy

    def drained(self) -> bool:
        return self.is_drained

    def announce(self, phase: LoadPhase) -> None:
        self.announced.append((phase, self.now))


class Shape(Staged):
    abstract = True


def begun(
    shape: ShapeName = ShapeName.HOLD,
    *,
    arriving_max: int = 100,
    factor: float = 1.0,
    watch: Stop | None = None,
    calm_seconds: float = 0.0,
) -> tuple[Shape, Workers]:
    made, workers = Shape(), Workers()
    made.begin(
        workers,
        Script(
            users=100,
            course=course(shape, ramp_seconds=10, hold_seconds=30, factor=factor),
            arriving_max=arriving_max,
            settle_seconds=20,
            drain_seconds=15,
            calm_seconds=calm_seconds,
        ),
        lambda: workers.now,
        watch,
    )
    return made, workers


class Stop:
    """Says from that second of the course on that something has broken."""

    def __init__(self, second: float) -> None:
        self.second = second

    def broken(self, second: float) -> bool:
        return second >= self.second


def run_to(shape: Shape, workers: Workers, second: int) -> list[int]:
    """The users wanted in each second until then, or until the run ends."""
    wanted = []
    while workers.now < second and (tick := shape.tick()) is not None:
        wanted.append(tick[0])
        workers.now += 1
    return wanted


def test_the_hold_begins_when_all_are_connected_and_lasts() -> None:
    shape, workers = begun()
    assert run_to(shape, workers, 12) == [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 100]
    assert shape.phase is LoadPhase.RAMP
    workers.users = 100
    assert set(run_to(shape, workers, 42)) == {100}
    workers.is_drained = True
    run_to(shape, workers, 60)
    assert shape.phase is LoadPhase.DONE
    assert workers.announced == [
        (LoadPhase.RAMP, 0),
        (LoadPhase.HOLD, 12),
        (LoadPhase.DRAIN, 42),
        (LoadPhase.DONE, 43),
    ]


def test_users_that_never_connect_do_not_hold_up_the_run_for_ever() -> None:
    shape, workers = begun()
    workers.users = 99
    run_to(shape, workers, 1000)
    assert workers.announced == [
        (LoadPhase.RAMP, 0),
        (LoadPhase.HOLD, 30),
        (LoadPhase.DRAIN, 60),
        (LoadPhase.DONE, 75),
    ]


def test_a_slow_target_gets_no_more_than_may_wait() -> None:
    shape, workers = begun(arriving_max=5)
    assert run_to(shape, workers, 9) == [1, *[5] * 8]
    workers.users = 4
    assert run_to(shape, workers, 11) == [9, 9]
    workers.busy = 3
    assert run_to(shape, workers, 12) == [9]
    workers.users, workers.busy = 9, 0
    assert run_to(shape, workers, 13) == [14]


def test_users_leave_as_the_course_says_and_the_drain_lets_all_stay() -> None:
    shape, workers = begun(ShapeName.SPIKE, factor=0.01)
    wanted = []
    for _ in range(60):
        wanted += run_to(shape, workers, int(workers.now) + 1)
        workers.users = wanted[-1]
    assert max(wanted) == 100
    assert wanted[-1] == 40
    assert shape.phase is LoadPhase.DRAIN


def test_the_hold_ends_where_something_breaks() -> None:
    shape, workers = begun(watch=Stop(10 + 7))
    workers.users = 100
    run_to(shape, workers, 60)
    assert dict(workers.announced)[LoadPhase.DRAIN] == dict(workers.announced)[LoadPhase.HOLD] + 7


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


def test_between_the_last_arrival_and_the_hold_there_is_calm() -> None:
    shape, workers = begun(calm_seconds=4)
    run_to(shape, workers, 10)
    workers.users = 100
    run_to(shape, workers, 40)
    announced = dict(workers.announced)
    assert announced[LoadPhase.HOLD] == announced[LoadPhase.SETTLE] + 4
