"""Load shapes: how many users there are at any time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from locust import LoadTestShape

from evidence.load import LoadPhase


class Fleet(Protocol):
    """The workers as the master sees them."""

    def connected(self) -> int:
        """Users that are connected now."""

    def drained(self) -> bool:
        """Whether each live worker has sent its final report."""

    def announce(self, phase: LoadPhase) -> None:
        """Tells the workers, and the run folder, that a phase begins."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """The numbers of a ramp and a hold. Times are in seconds.

    The hold begins when all are connected, or `settle_seconds` after the ramp with those that are.
    Draining ends when each worker has told its last count, or after `drain_seconds`.
    """

    users: int
    ramp_seconds: float
    hold_seconds: float
    settle_seconds: float
    drain_seconds: float


class RampAndHold(LoadTestShape):
    """Users arrive evenly, stay, and finish what they began; then the run ends.

    Set up by `begin` before the first tick.
    """

    abstract: ClassVar[bool] = True

    def begin(self, fleet: Fleet, course: Course, clock: Callable[[], float]) -> None:
        """Gives the shape its workers, its numbers and a clock in seconds."""
        self.phase = LoadPhase.RAMP
        self._fleet = fleet
        self._course = course
        self._clock = clock
        self._begun = False
        self._since = clock()

    def tick(self) -> tuple[int, float] | None:
        """The users wanted and the rate at which they come; None ends the run."""
        now = self._clock()
        if not self._begun:
            self._begun = True
            self._enter(LoadPhase.RAMP, now)
        following = self._following(now - self._since)
        if following is not self.phase:
            self._enter(following, now)
        return None if self.phase is LoadPhase.DONE else (self._course.users, self._rate)

    @property
    def _rate(self) -> float:
        return self._course.users / self._course.ramp_seconds

    def seconds_left(self) -> float:
        """How long the run will still take if all goes well."""
        gone = self._clock() - self._since if self._begun else 0.0
        if self.phase is LoadPhase.RAMP:
            return max(0.0, self._course.ramp_seconds - gone) + self._course.hold_seconds
        return max(0.0, self._course.hold_seconds - gone) if self.phase is LoadPhase.HOLD else 0.0

    def _enter(self, phase: LoadPhase, now: float) -> None:
        self.phase, self._since = phase, now
        self._fleet.announce(phase)

    def _following(self, gone: float) -> LoadPhase:
        """The phase after `gone` seconds of the present one."""
        course = self._course
        if self.phase is LoadPhase.RAMP:
            over = (
                self._fleet.connected() >= course.users
                or gone >= course.ramp_seconds + course.settle_seconds
            )
            return LoadPhase.HOLD if over else LoadPhase.RAMP
        if self.phase is LoadPhase.HOLD:
            return LoadPhase.DRAIN if gone >= course.hold_seconds else LoadPhase.HOLD
        if self.phase is LoadPhase.DRAIN:
            over = self._fleet.drained() or gone >= course.drain_seconds
            return LoadPhase.DONE if over else LoadPhase.DRAIN
        return self.phase
