"""What people do, how often, and how long they think: the mix of journeys by time of the day."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from loadtests.courses import Hour
from province.audience import Crowd, Persona
from province.objectives import Journey

SEGMENT_SECONDS = 10.0
"""A segment of video plays for so long; the next is fetched then."""
SEGMENTS_WATCHED_MAX = 6
_SEGMENTS_WATCHED_MEAN = (1 + SEGMENTS_WATCHED_MAX) / 2


@dataclass(frozen=True)
class Habit:
    """A persona's habits: how often each journey is chosen, and seconds of thought in between."""

    think_seconds: float
    mix: Mapping[Journey, int]

    def next_journey(self) -> Journey:
        """A journey, drawn by weight."""
        return random.choice(self._cards)  # noqa: S311 - a load's mix, not a secret

    @cached_property
    def _cards(self) -> tuple[Journey, ...]:
        """Each journey as often as its weight: to draw one costs a third of `random.choices`."""
        return tuple(journey for journey, weight in self.mix.items() for _ in range(weight))

    @property
    def requests_per_second(self) -> float:
        """Of one person, unless the platform is slow: a film is several requests, thought is not.

        A film's end is reached now and then, so it is some percent less.
        """
        films = self.mix.get(Journey.VIDEO, 0) / sum(self.mix.values())
        more = films * (_SEGMENTS_WATCHED_MEAN - 1)
        return (1 + more) / (self.think_seconds + more * SEGMENT_SECONDS)


def _student(think_seconds: float, *weights: int) -> Habit:
    return Habit(think_seconds, dict(zip(_OF_STUDENTS, weights, strict=True)))


def _teacher(think_seconds: float, *weights: int) -> Habit:
    return Habit(think_seconds, dict(zip(_OF_TEACHERS, weights, strict=True)))


_OF_STUDENTS = (
    Journey.CATALOGUE,
    Journey.RESOURCE,
    Journey.COURSE,
    Journey.VIDEO,
    Journey.SUBMISSION,
    Journey.GRADEBOOK,
    Journey.LOGIN,
)
_OF_TEACHERS = (
    Journey.CATALOGUE,
    Journey.RESOURCE,
    Journey.COURSE,
    Journey.VIDEO,
    Journey.GRADEBOOK,
    Journey.LOGIN,
)
_DESK = Habit(40, {Journey.MANAGEMENT: 78, Journey.CATALOGUE: 20, Journey.LOGIN: 2})
_TWO: Mapping[Hour, tuple[Habit, Habit]] = {
    Hour.DAY: (_student(30, 22, 3, 30, 25, 10, 8, 2), _teacher(30, 22, 3, 35, 10, 28, 2)),
    Hour.ASSEMBLY: (_student(20, 29, 1, 40, 12, 2, 6, 10), _teacher(20, 24, 1, 45, 5, 15, 10)),
    Hour.HOMEWORK: (_student(30, 14, 1, 25, 30, 24, 4, 2), _teacher(40, 14, 1, 20, 5, 58, 2)),
    Hour.RESULTS: (_student(15, 2, 1, 3, 2, 1, 76, 15), _teacher(20, 2, 1, 3, 1, 81, 12)),
}
HABITS: Mapping[Hour, Mapping[Persona, Habit]] = {
    hour: {
        Persona.STUDENT: student,
        Persona.TEACHER: teacher,
        Persona.SCHOOL_ADMINISTRATOR: _DESK,
        Persona.COUNTY_ADMINISTRATOR: _DESK,
    }
    for hour, (student, teacher) in _TWO.items()
}
"""Planning assumptions, to be replaced by the log of the platform in production. By day, the few
logins are of people who come back on another device, besides everybody's first one."""


def requests_per_second(crowds: Iterable[Crowd], hour: Hour) -> float:
    """What all of them together ask, once they are there."""
    habits = HABITS[hour]
    return sum(crowd.users * habits[crowd.persona].requests_per_second for crowd in crowds)
