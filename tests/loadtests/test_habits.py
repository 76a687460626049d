"""The mixes are data: they add up, each hour has its own, and their rate is the one that is had."""

from __future__ import annotations

import random

import pytest

from loadtests.courses import Hour
from loadtests.habits import (
    HABITS,
    SEGMENT_SECONDS,
    SEGMENTS_WATCHED_MAX,
    Habit,
    requests_per_second,
)
from province.audience import Persona, crowds
from province.objectives import Journey
from tests import worlds


@pytest.mark.parametrize("hour", Hour)
def test_each_hour_knows_everybody_and_measures_every_journey(hour: Hour) -> None:
    assert set(HABITS[hour]) == set(Persona)
    assert {journey for habit in HABITS[hour].values() for journey in habit.mix} == set(Journey)
    for habit in HABITS[hour].values():
        assert sum(habit.mix.values()) == 100
        assert min(habit.mix.values()) > 0
        assert habit.think_seconds > 0


def share(hour: Hour, journey: Journey) -> int:
    return HABITS[hour][Persona.STUDENT].mix[journey]


def test_each_hour_has_what_it_is_known_for() -> None:
    others = set(Hour) - {Hour.RESULTS}
    assert all(share(Hour.RESULTS, Journey.GRADEBOOK) > share(o, Journey.GRADEBOOK) for o in others)
    others = set(Hour) - {Hour.HOMEWORK}
    for journey in (Journey.SUBMISSION, Journey.VIDEO):
        assert all(share(Hour.HOMEWORK, journey) > share(other, journey) for other in others)
    assert share(Hour.ASSEMBLY, Journey.LOGIN) > share(Hour.DAY, Journey.LOGIN)


@pytest.mark.parametrize("hour", [Hour.ASSEMBLY, Hour.RESULTS])
def test_a_rush_asks_more_than_an_ordinary_hour(hour: Hour) -> None:
    who = crowds(worlds.province(), 20_000)
    assert requests_per_second(who, hour) > 1.2 * requests_per_second(who, Hour.DAY)


def lived(habit: Habit, choices: int) -> float:
    """Requests a second of a person who thinks for the mean time and watches films to the end."""
    requests, seconds = 0, 0.0
    for _ in range(choices):
        films = habit.next_journey() is Journey.VIDEO
        asked = random.randint(1, SEGMENTS_WATCHED_MAX) if films else 1  # noqa: S311 - no secret
        requests += asked
        seconds += habit.think_seconds + (asked - 1) * SEGMENT_SECONDS
    return requests / seconds


@pytest.mark.parametrize("hour", Hour)
@pytest.mark.parametrize("persona", Persona)
def test_the_rate_of_a_habit_is_the_one_that_is_lived(hour: Hour, persona: Persona) -> None:
    random.seed(11)
    habit = HABITS[hour][persona]
    assert habit.requests_per_second == pytest.approx(lived(habit, 20_000), rel=0.02)
