"""The load shape: how many users there are now, by the course and by what the target takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from locust import LoadTestShape

from evidence.load import LoadPhase
from loadtests.courses import Course


class Fleet(Protocol):
    """The workers as the master sees them."""

    def connected(self) -> int:
        """Users that are connected now."""

    def settled(self) -> int:
        """Users that are connected and wait for nothing."""

    def drained(self) -> bool:
        """Whether each live worker has sent its final report."""

    def announce(self, phase: LoadPhase) -> None:
        """Tells the workers, and the run folder, that a phase begins."""


class Watch(Protocol):
    """Whoever may end the hold before its time."""

    def broken(self, second: float) -> bool:
        """Whether something has broken, up to that second of the course."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """The numbers of a run. Times are in seconds.

    At most `arriving_max` users are on their way in at once: they come as fast as the target takes
    them, and no faster than the course wants. The hold begins when those whom it wants are
    connected, or `settle_seconds` after the ramp with those that are, and `calm_seconds` more have
    passed. Draining ends when each
    worker has told its last count, or after `drain_seconds`.
    """

    users: int
    course: Course
    arriving_max: int
    settle_seconds: float
    drain_seconds: float
    calm_seconds: float = 0.0


class Staged(LoadTestShape):
    """Users arrive, come and go as the course says, and finish what they began.

    Set up by `begin` before the first tick.
    """

    abstract: ClassVar[bool] = True

    def begin(
        self,
        fleet: Fleet,
        script: Script,
        clock: Callable[[], float],
        watch: Watch | None = None,
    ) -> None:
        """Gives the shape its workers, its numbers, a clock in seconds, and who may end it."""
        self.phase = LoadPhase.RAMP
        self._fleet = fleet
        self._script = script
        self._watch = watch
        self._clock = clock
        self._begun = False
        self._since = clock()
        self._wanted = 1

    def tick(self) -> tuple[int, float] | None:
        """The users wanted and the rate at which they come, at once; None ends the run."""
        now = self._clock()
        if not self._begun:
            self._begun = True
            self._enter(LoadPhase.RAMP, now)
        following = self._following(now - self._since)
        if following is not self.phase:
            self._enter(following, now)
        if self.phase is LoadPhase.DONE:
            return None
        self._wanted = self._users_wanted(now - self._since)
        return self._wanted, float(self._script.users)

    def seconds_left(self) -> float:
        """How long the run will still take if all goes well."""
        course = self._script.course
        gone = self._clock() - self._since if self._begun else 0.0
        hold_seconds = course.seconds - course.hold_at
        if self.phase is LoadPhase.RAMP:
            return max(0.0, course.hold_at - gone) + hold_seconds
        if self.phase is LoadPhase.SETTLE:
            return hold_seconds
        return max(0.0, hold_seconds - gone) if self.phase is LoadPhase.HOLD else 0.0

    def _users_wanted(self, gone: float) -> int:
        """By the course, but no more than can be taken in. Whoever drains is still there."""
        course = self._script.course
        if self.phase is LoadPhase.RAMP:
            share = course.share(min(gone, course.hold_at))
        elif self.phase is LoadPhase.HOLD:
            share = course.share(course.hold_at + gone)
        elif self.phase is LoadPhase.SETTLE:
            share = course.share_at_hold
        else:
            return self._wanted
        most = max(self._wanted, self._fleet.settled() + self._script.arriving_max)
        return max(1, min(self._users(share), most))

    def _users(self, share: float) -> int:
        return round(self._script.users * share)

    def _enter(self, phase: LoadPhase, now: float) -> None:
        self.phase, self._since = phase, now
        self._fleet.announce(phase)

    def _following(self, gone: float) -> LoadPhase:
        """The phase after `gone` seconds of the present one."""
        script, course = self._script, self._script.course
        if self.phase is LoadPhase.RAMP:
            over = (
                self._fleet.connected() >= max(1, self._users(course.share_at_hold))
                or gone >= course.hold_at + script.settle_seconds
            )
            following = LoadPhase.SETTLE if script.calm_seconds else LoadPhase.HOLD
            return following if over else LoadPhase.RAMP
        if self.phase is LoadPhase.SETTLE:
            return LoadPhase.HOLD if gone >= script.calm_seconds else LoadPhase.SETTLE
        if self.phase is LoadPhase.HOLD:
            broken = self._watch is not None and self._watch.broken(course.hold_at + gone)
            over = broken or gone >= course.seconds - course.hold_at
            return LoadPhase.DRAIN if over else LoadPhase.HOLD
        if self.phase is LoadPhase.DRAIN:
            over = self._fleet.drained() or gone >= script.drain_seconds
            return LoadPhase.DONE if over else LoadPhase.DRAIN
        return self.phase
