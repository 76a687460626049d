"""A Locust process of one kind of user: `locust_process KIND TASK`, TASK as JSON.

It says the 99th percentile of its GET requests, as that kind of user would learn it, and ends.
"""

from __future__ import annotations

# ruff: isort: off
import locust  # it patches the process, so it has to come first
# ruff: isort: on

import itertools
import json
import os
import sys
import time
from dataclasses import replace
from typing import Any

import gevent
from locust import FastHttpUser, HttpUser, User, between
from locust.env import Environment
from locust.stats import calculate_response_time_percentile

from benchmarks.peers.values import PATHS, THINK_SECONDS
from loadtests import histograms
from loadtests.dense import DenseUser
from loadtests.dense.address import Endpoint
from loadtests.dense.counters import counters_of
from loadtests.recording import Recorder

NAMES = tuple(path.partition("?")[0] for path in PATHS)


class Journey:
    """Logs in, then reads two pages in turn; the same code for all kinds of user."""

    wait_time = between(*THINK_SECONDS)
    seats: Any
    hostname: str
    names_site = True
    """Whether the Host header has to be given, because the URL's host is the address."""

    def on_start(self: Any) -> None:
        """Logs in and keeps the token."""
        name, word = next(self.seats)
        self.pages = itertools.cycle(zip(PATHS, NAMES, strict=True))
        self.headers = {"Host": self.hostname} if self.names_site else {}
        answer = self.client.post(
            "/login", json={"account": name, "password": word}, headers=self.headers, name="login"
        )
        self.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        self.wait()

    def read(self: Any) -> None:
        """The next page."""
        path, name = next(self.pages)
        self.client.get(path, headers=self.headers, name=name)

    tasks = [read]  # noqa: RUF012 - as locustfiles have it


class Dense(Journey, DenseUser):
    """Ours: where a server is, and what it is called, are two things to it."""

    names_site = False

    def server(self) -> Endpoint:
        """The site's edge."""
        return replace(super().server(), hostname=self.hostname)


class Http(Journey, HttpUser):
    """Locust's ordinary user, on requests."""

    authority: str | None = None

    def on_start(self) -> None:
        """Trusts the edge's authority."""
        if self.authority is not None:
            self.client.verify = self.authority
        super().on_start()


class Fast(Journey, FastHttpUser):
    """Locust's fast user as it comes: it checks no certificate unless told to."""


KINDS: dict[str, type[User]] = {"dense": Dense, "http": Http, "fasthttp": Fast}


def main() -> None:
    """Runs the users for the task's time."""
    began = time.monotonic()
    kind, task = sys.argv[1], json.loads(sys.argv[2])
    user = KINDS[kind]
    user.host, user.hostname, user.seats = task["url"], task["hostname"], _seats(task["accounts"])
    user.ca_file = user.authority = task["ca_file"]
    environment = Environment(user_classes=[user], events=locust.events)
    runner = environment.create_local_runner()
    recorder = Recorder(0, counters_of(environment))
    if kind == "dense":
        environment.events.request.add_listener(recorder.on_request)
        gevent.spawn(recorder.probe_lag)
        gevent.spawn(_sample, recorder)
    runner.start(task["users"], spawn_rate=task["users"] / task["ramp_seconds"])
    gevent.sleep(task["seconds"] - (time.monotonic() - began))
    failures = [str(error.error) for error in environment.stats.errors.values()]
    own = _dense_p99(recorder) if kind == "dense" else _locust_p99(environment)
    sys.stdout.write(json.dumps({"p99_ms": own, "failures": failures[:5]}) + "\n")
    sys.stdout.flush()
    os._exit(0)  # thousands of users need no orderly end


def _seats(file: str) -> Any:  # noqa: ANN401 - an endless iterator
    with open(file, encoding="utf-8") as lines:  # noqa: PTH123 - small
        return itertools.cycle([line.rstrip("\n").split(";") for line in lines])


def _sample(recorder: Recorder) -> None:
    while True:
        gevent.sleep(1)
        recorder.second(0)


def _dense_p99(recorder: Recorder) -> float:
    journeys = recorder.totals().journeys
    reads = (one.histogram for one in journeys if one.journey in NAMES)
    return histograms.percentile_ms(histograms.merged(reads), 99)


def _locust_p99(environment: Environment) -> float:
    """From Locust's own rounded times of both pages together."""
    times: dict[int, int] = {}
    for name in NAMES:
        for value, count in environment.stats.get(name, "GET").response_times.items():
            times[value] = times.get(value, 0) + count
    return float(calculate_response_time_percentile(times, sum(times.values()), 0.99))


if __name__ == "__main__":
    main()
