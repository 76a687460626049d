"""Courses: how many of all users are wanted at any time. Pure functions of time.

The times are those of the real day; one factor shortens them for a rehearsal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class ShapeName(StrEnum):
    """A kind of course: what `--shape` chooses."""

    HOLD = "hold"
    """They arrive and stay."""
    SPIKE = "spike"
    """7:30 to 9:00: three in ten are there, and all others come in the five minutes to 8:00."""
    SOAK = "soak"
    """Eight hours at four fifths."""
    STEPS = "steps"
    """Ten steps of five minutes, each a tenth more; it ends with the step at which it breaks."""
    SITE_LOSS = "site-loss"
    """They arrive and stay, and in the middle of their stay one site's edge is taken away."""


class Hour(StrEnum):
    """A time with a mix of its own: what `--hour` chooses."""

    DAY = "day"
    """An ordinary lesson."""
    ASSEMBLY = "assembly"
    """8:00: all log in, see what the day brings, and the first lesson's film begins."""
    HOMEWORK = "homework"
    """19:00 to 21:00: homework is read and handed in, films are seen again."""
    RESULTS = "results"
    """The results of an examination are out: everybody looks for them, again and again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """A part of the hold in which the share does not change, between two seconds."""

    begins: float
    ends: float
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """Shares of all users over time, straight lines between `points` of second and share.

    The hold begins at `hold_at`; it ends with the last point. The first point is at second 0.
    """

    points: tuple[tuple[float, float], ...]
    hold_at: float

    def __post_init__(self) -> None:
        times = [second for second, _ in self.points]
        if times[0] != 0 or times != sorted(times) or not 0 < self.hold_at < times[-1]:
            raise ValueError(f"times are not in order: {times}, hold at {self.hold_at}")
        if any(not 0 <= share <= 1 for _, share in self.points):
            raise ValueError("a share is not between 0 and 1")

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.points[-1][0]

    @property
    def share_at_hold(self) -> float:
        """The share with which the hold begins."""
        return self.share(self.hold_at)

    @property
    def stays(self) -> tuple[Stay, ...]:
        """Where the share stays as it is, from the hold on."""
        return tuple(
            Stay(begins=begins, ends=ends, share=share)
            for (begins, share), (ends, later) in pairwise(self.points)
            if share == later and begins >= self.hold_at
        )

    def share(self, second: float) -> float:
        """The share of all users that is wanted then; before and after, that of the ends."""
        for (earlier, low), (later, high) in pairwise(self.points):
            if earlier <= second < later:
                return low + (high - low) * (second - earlier) / (later - earlier)
        return self.points[0][1] if second < 0 else self.points[-1][1]

    def scaled(self, factor: float) -> Course:
        """The same course, its times multiplied."""
        return Course(
            points=tuple((second * factor, share) for second, share in self.points),
            hold_at=self.hold_at * factor,
        )


def course(shape: ShapeName, *, ramp_seconds: float, hold_seconds: float, factor: float) -> Course:
    """The course of that shape. Ramp and hold are those of `hold` and `site-loss`.

    The other shapes have theirs. Raises ValueError for a time that is not positive.
    """
    if shape in {ShapeName.HOLD, ShapeName.SITE_LOSS}:
        found = _course((0, 0), (ramp_seconds, 1), (ramp_seconds + hold_seconds, 1))
    else:
        found = _COURSES[shape]
    return found.scaled(factor)


def _course(*points: tuple[float, float]) -> Course:
    """A course whose hold begins at its second point."""
    return Course(points=points, hold_at=points[1][0])


def _steps(count: int, rise_seconds: float, stay_seconds: float) -> Sequence[tuple[float, float]]:
    points: list[tuple[float, float]] = [(0, 0)]
    for step in range(1, count + 1):
        begun = points[-1][0] + rise_seconds
        points += [(begun, step / count), (begun + stay_seconds, step / count)]
    return points


_COURSES = {
    ShapeName.SPIKE: _course(
        (0, 0), (600, 0.3), (1500, 0.3), (1800, 1), (2700, 1), (3600, 0.4), (5400, 0.4)
    ),
    ShapeName.SOAK: _course((0, 0), (900, 0.8), (900 + 8 * 3600, 0.8)),
    ShapeName.STEPS: _course(*_steps(10, 60, 240)),
}
"""Planning assumptions, to be replaced by the log of the platform in production."""
