"""The process that `benchmarks.load` measures: KIND URL CA_FILE USERS SECONDS PACING."""

from __future__ import annotations

# ruff: isort: off
import locust  # it patches the process, so it has to come first
# ruff: isort: on

import gc
import json
import os
import random
import sys
from typing import Any

import gevent
import gevent.ssl
import psutil
from locust import FastHttpUser, User, between
from locust.env import Environment
from locust.runners import LocalRunner

from loadtests.dense import DenseUser
from loadtests.dense.counters import counters_of
from loadtests.memory import release_free_memory
from loadtests.recording import Recorder

_SOURCE = "127.37.9.9"
_TOKEN = "a.token.that-is-" + "long" * 60


def dense(url: str, ca: str, pacing: float) -> type[User]:
    """Our user."""

    class Dense(DenseUser):
        host = url
        ca_file = ca
        source_address = _SOURCE
        wait_time = between(0.5 * pacing, 1.5 * pacing)

        def on_start(self) -> None:
            gevent.sleep(random.uniform(0, pacing))  # noqa: S311 - not a secret
            self.client.authorize(_TOKEN)

        def ask(self) -> None:
            self.client.get("/catalogue?page=3", name="catalogue")

        tasks = [ask]  # noqa: RUF012 - as locustfiles have it

    return Dense


def fasthttp(url: str, ca: str, pacing: float) -> type[User]:
    """Locust's fast user, helped by one shared TLS context."""
    context = gevent.ssl.create_default_context(cafile=ca)

    class Fast(FastHttpUser):
        host = url
        insecure = False
        default_headers = {"Authorization": f"Bearer {_TOKEN}"}  # noqa: RUF012 - as Locust has it
        ssl_context_factory = staticmethod(lambda cafile=None: context)  # noqa: ARG005 - Locust's
        wait_time = between(0.5 * pacing, 1.5 * pacing)

        def on_start(self) -> None:
            gevent.sleep(random.uniform(0, pacing))  # noqa: S311 - not a secret

        def ask(self) -> None:
            self.client.get("/catalogue?page=3", name="catalogue")

        tasks = [ask]  # noqa: RUF012 - as locustfiles have it

    return Fast


class Measurement:
    """Memory and CPU of this process while `users` users run."""

    def __init__(self, user_class: type[User], *, recorded: bool) -> None:
        self.environment = Environment(user_classes=[user_class], events=locust.events)
        self.runner: LocalRunner = self.environment.create_local_runner()
        self.answered = 0
        self.process = psutil.Process()
        recorder = Recorder(0, counters_of(self.environment))
        self.environment.events.request.add_listener(self._count)
        if recorded:
            self.environment.events.request.add_listener(recorder.on_request)
            gevent.spawn(recorder.probe_lag)
            gevent.spawn(_sample, recorder)

    def take(self, users: int, seconds: float, settle_seconds: float) -> dict[str, float]:
        """KiB a user, ms of CPU a user to start, µs of CPU a request."""
        gc.collect()
        memory, cpu = self.process.memory_info().rss, self._cpu_seconds()
        self.runner.start(users, spawn_rate=users / 8)
        while self.runner.user_count < users:
            gevent.sleep(0.1)
        gevent.sleep(settle_seconds)
        release_free_memory()
        start_ms = (self._cpu_seconds() - cpu) * 1000 / users
        before, cpu = self.answered, self._cpu_seconds()
        gevent.sleep(seconds)
        requests, spent = self.answered - before, self._cpu_seconds() - cpu
        kib = (self.process.memory_info().rss - memory) / 1024 / users
        us = spent * 1e6 / requests
        return {"kib": kib, "us": us, "start_ms": start_ms, "requests": requests}

    def _cpu_seconds(self) -> float:
        return sum(self.process.cpu_times()[:2])

    def _count(self, exception: BaseException | None = None, **_: Any) -> None:  # noqa: ANN401 - Locust's event
        if exception is not None:
            sys.stderr.write(f"a request failed: {exception!r}\n")
            os._exit(1)
        self.answered += 1


def _sample(recorder: Recorder) -> None:
    while True:
        gevent.sleep(1)
        recorder.second(0)


def main() -> None:
    """Prints the figures as one line of JSON."""
    kind, url, ca_file, users, seconds, pacing = sys.argv[1:]
    make = dense if kind == "dense" else fasthttp
    measurement = Measurement(make(url, ca_file, float(pacing)), recorded=kind == "dense")
    print(json.dumps(measurement.take(int(users), float(seconds), 1.6 * float(pacing))))
    sys.stdout.flush()
    os._exit(0)  # thousands of users need no orderly end


if __name__ == "__main__":
    main()
