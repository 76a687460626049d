"""The locustfile that `./suyun load run` gives to Locust: whom it runs, and in what shape."""

from __future__ import annotations

from typing import Any

from locust import events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtests.crew import Worker, set_up_master, tune_locust
from loadtests.order import read_assignment
from loadtests.personas import Person
from loadtests.shapes import Staged

tune_locust()


class Resident(Person):
    """Everybody of the province, by seat: students, teachers, school and county administrators."""


class Day(Staged):
    """They come and go as the order's course says, and finish what they began."""


def set_up(environment: Environment, **_: Any) -> None:  # noqa: ANN401 - Locust's event
    """Gives this process its part of the order."""
    assignment = read_assignment()
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        Worker(environment, runner, assignment).set_up(Resident)
    elif isinstance(runner, MasterRunner):
        set_up_master(environment, runner, assignment)


events.init.add_listener(set_up)
