"""The process that `loadtests.cost` measures: one Locust runner full of dense users."""

from __future__ import annotations

# ruff: isort: off
import locust  # it patches the process, so it has to come first
# ruff: isort: on

import gc
import os
import random
import resource
import sys
from typing import Any, ClassVar

import gevent
import psutil
from locust import User, between
from locust.env import Environment
from locust.runners import LocalRunner

from loadtests.cost import CostOrder
from loadtests.dense import DenseUser
from loadtests.dense.counters import counters_of
from loadtests.memory import release_free_memory
from loadtests.recording import Recorder
from province.load_cost import UserCost

TOKEN = "a.token.that-is-" + "long" * 60
_SETTLE_PACINGS = 1.6
"""Until then the slowest has asked: the pause before and the pause after are 1.5 at most."""


def dense_user(order: CostOrder) -> type[User]:
    """The product's user with the smallest of journeys."""

    class Reader(DenseUser):
        host = order.url
        ca_file: ClassVar[str | None] = None if order.ca_file is None else str(order.ca_file)
        source_address = order.source
        wait_time = between(0.5 * order.pacing_seconds, 1.5 * order.pacing_seconds)

        def on_start(self) -> None:
            gevent.sleep(random.uniform(0, order.pacing_seconds))  # noqa: S311 - not a secret
            self.client.authorize(TOKEN)

        def ask(self) -> None:
            self.client.get("/catalogue?page=3", name="catalogue")

        tasks: ClassVar[list[Any]] = [ask]

    return Reader


class Measurement:
    """Memory and CPU of this process while users run; a failed request ends it."""

    def __init__(self, user_class: type[User], *, recorded: bool) -> None:
        self._environment = Environment(user_classes=[user_class], events=locust.events)
        self._runner: LocalRunner = self._environment.create_local_runner()
        self._answered = 0
        self._process = psutil.Process()
        self._environment.events.request.add_listener(self._count)
        if recorded:
            recorder = Recorder(0, counters_of(self._environment))
            self._environment.events.request.add_listener(recorder.on_request)
            gevent.spawn(recorder.probe_lag)
            gevent.spawn(_sample, recorder)

    def take(self, order: CostOrder) -> UserCost:
        """Lets the users come, settle and ask."""
        gc.collect()
        memory, cpu = self._process.memory_info().rss, self._cpu_seconds()
        self._runner.start(order.users, spawn_rate=order.users / order.ramp_seconds)
        while self._runner.user_count < order.users:
            gevent.sleep(0.1)
        gevent.sleep(_SETTLE_PACINGS * order.pacing_seconds)
        release_free_memory()
        started = self._cpu_seconds() - cpu
        before, cpu = self._answered, self._cpu_seconds()
        gevent.sleep(order.hold_seconds)
        requests, spent = self._answered - before, self._cpu_seconds() - cpu
        if not requests:
            raise SystemExit("no request was answered while it was measured")
        return UserCost(
            user_kib=max(0.0, self._process.memory_info().rss - memory) / 1024 / order.users,
            request_us=spent * 1e6 / requests,
            start_ms=started * 1000 / order.users,
            worker_mib=memory / 2**20,
            requests=requests,
        )

    def _cpu_seconds(self) -> float:
        return sum(self._process.cpu_times()[:2])

    def _count(self, exception: BaseException | None = None, **_: Any) -> None:  # noqa: ANN401 - Locust's event
        if exception is not None:
            sys.stderr.write(f"a request failed: {exception!r}\n")
            os._exit(1)
        self._answered += 1


def _sample(recorder: Recorder) -> None:
    while True:
        gevent.sleep(1)
        recorder.second(0)


def tell(measurement: Measurement, order: CostOrder) -> None:
    """Measures, says the result as one line of JSON and ends this process at once."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    random.seed(order.seed)
    sys.stdout.write(measurement.take(order).model_dump_json() + "\n")
    sys.stdout.flush()
    os._exit(0)  # thousands of users need no orderly end


if __name__ == "__main__":
    _order = CostOrder.model_validate_json(sys.argv[1])
    tell(Measurement(dense_user(_order), recorded=True), _order)
