"""Wires a Locust process to a load order: what a worker sets up, and what the master does."""

from __future__ import annotations

import os
import random
import resource
import time
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from locust import argument_parser, runners
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from evidence.load import LoadPhase
from evidence.run import RunFolder
from loadtests import order as orders
from loadtests.beat import Beat
from loadtests.collecting import PHASE_MESSAGE, RANK_MESSAGE, TOTALS_MESSAGE, Collector
from loadtests.dense.address import Endpoint, tls_context
from loadtests.dense.counters import counters_of
from loadtests.memory import collect_seldom, leave_out_of_collections, release_free_memory
from loadtests.order import Assignment, LoadOrder
from loadtests.personas import Company, Person
from loadtests.recording import REPORT_KEY, Recorder
from loadtests.seating import Seat, Seating
from loadtests.shapes import Script, Staged
from loadtests.steps import watch_of
from province.audience import crowds
from province.reader import read

_REPORT_SECONDS = 1.0
_TOTALS_EVERY = 5
"""Totals, with their histograms, go out with every fifth report: a lost one loses 5 s at most."""
_BEFORE_CLEARING_SECONDS = 0.3
"""The users have looked up by then; it stops them for a second or two."""
_FOR_EVER_SECONDS = 10**9
REQUEST_SECONDS = 30.0
DRAIN_SECONDS = REQUEST_SECONDS + 15.0
_ARRIVING_MIN = 2_000
_ARRIVING_PER_WORKER = 400
"""Users on their way in at once. News of them is two to three seconds old, so that fewer would
leave the target idle (1,600 a second with 12 workers), and more would only wait longer."""


def tune_locust() -> None:
    """Reports each second, users stay with the worker that they were dealt to, options are known.

    Of a worker that is silent for three seconds Locust would deal the users out again, over other
    workers' files, ports and accounts, and once more when it speaks again. A worker that is gone
    stays gone here: its users are missing in the counts, and the run says so.

    With each message that users shall come, a worker has Locust build its whole command line anew
    for each of its options: three quarters of a worker's CPU while users arrive (measured). It
    also counts its users one by one, class by class; there is one class here.
    """
    runners.WORKER_REPORT_INTERVAL = _REPORT_SECONDS
    runners.HEARTBEAT_LIVENESS = _FOR_EVER_SECONDS
    argument_parser.default_args_dict = cache(argument_parser.default_args_dict)
    runners.WorkerRunner.user_classes_count = property(_users_of_the_one_class)


def _users_of_the_one_class(runner: WorkerRunner) -> dict[str, int]:
    """What Locust asks for several times a second: users by the name of their class."""
    return {runner.user_classes[0].__name__: runner.user_count}


def _not_twice(*_: object) -> None:
    """Locust's own statistics of a request: the recorder has them, to three digits."""


def _clear_up() -> None:
    leave_out_of_collections()
    release_free_memory()


class Worker:
    """A worker's part: seats and servers for its users, recording, and an end without loss."""

    def __init__(
        self, environment: Environment, runner: WorkerRunner, assignment: Assignment
    ) -> None:
        self._environment = environment
        self._runner = runner
        self._assignment = assignment
        self._rank = number = int(os.environ[orders.WORKER])
        self._reports = count()
        self._samples: list[dict[str, Any]] = []
        self.recorder = Recorder(number, counters_of(environment))

    def set_up(self, person: type[Person]) -> None:
        """Prepares the user class and listens to Locust."""
        _raise_file_limit()
        collect_seldom()
        order = self._assignment.order
        random.seed(f"{order.seed}/{self._rank}")
        person.company = self._company = self._make_company(order)
        person.source_address = order.source(self._rank)
        person.ca_file = None if order.ca_file is None else str(order.ca_file)
        person.network_timeout = REQUEST_SECONDS
        if person.ca_file is not None:
            tls_context(person.ca_file)  # fails now, not when the first user comes
        events = self._environment.events
        events.request.add_listener(self.recorder.on_request)
        self._runner.stats.log_request = _not_twice
        events.report_to_master.add_listener(self._on_report)
        self._runner.register_message(RANK_MESSAGE, self._on_rank)
        self._runner.register_message(PHASE_MESSAGE, self._on_phase)
        self._runner.register_message(TOTALS_MESSAGE, self._on_totals_asked)
        gevent.spawn(self.recorder.probe_lag)
        gevent.spawn(self._sample_each_second)

    def _make_company(self, order: LoadOrder) -> Company:
        servers, servers_ipv6 = _servers(order, ipv6=False), _servers(order, ipv6=True)
        who = crowds(read(order.province_file), order.users)
        seating = Seating(who, order.seed, frozenset(servers_ipv6))
        return Company(
            servers=servers,
            servers_ipv6=servers_ipv6,
            seats=self._seats(seating),
            beat=Beat(self._rank, self._assignment.workers),
            begun=Event(),
            secret=order.secret_file.read_bytes(),
            think_scale=self._assignment.think_scale,
            hour=order.hour,
            partners=order.partners,
        )

    def _seats(self, seating: Seating) -> Iterator[Seat]:
        """This worker's seats. Its rank is known by the time that the first is taken."""
        for ordinal in count():
            seat = seating.seat(self._rank, self._assignment.workers, ordinal)
            if seat is None:
                return
            yield seat

    def _on_rank(self, environment: Environment, msg: Any) -> None:  # noqa: ANN401, ARG002 - Locust's signature
        self._rank = int(msg.data["rank"])

    def _on_phase(self, environment: Environment, msg: Any) -> None:  # noqa: ANN401, ARG002 - Locust's signature
        phase = LoadPhase(msg.data["phase"])
        self.recorder.enter(phase)
        self._company.leaving = phase in {LoadPhase.DRAIN, LoadPhase.DONE}
        if phase is LoadPhase.SETTLE:
            self._company.begin(self._assignment.order.calm_seconds)
            gevent.spawn_later(_BEFORE_CLEARING_SECONDS, _clear_up)
        if phase is LoadPhase.DRAIN:
            gevent.spawn(self._finish)

    def _on_totals_asked(self, environment: Environment, msg: Any) -> None:  # noqa: ANN401, ARG002 - Locust's signature
        self._reports = count()  # the next is then one with totals

    def _finish(self) -> None:
        """Marks the totals as final once no request is in flight, or none will ever end."""
        counters = counters_of(self._environment)
        deadline = time.monotonic() + REQUEST_SECONDS + 1
        while counters.in_flight and time.monotonic() < deadline:
            gevent.sleep(0.05)
        self.recorder.final = True

    def _sample_each_second(self) -> None:
        while True:
            gevent.sleep(1.0)
            sample = self.recorder.second(self._runner.user_count)
            self._samples.append(sample.model_dump(mode="json"))

    def _on_report(self, client_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002 - Locust's signature
        samples, self._samples = self._samples, []
        part: dict[str, Any] = {"seconds": samples}
        if self.recorder.final or next(self._reports) % _TOTALS_EVERY == 0:
            totals = self.recorder.totals(
                users_ipv6=self._company.users_ipv6, counties=self._company.reach.samples()
            )
            part["totals"] = totals.model_dump(mode="json")
        data[REPORT_KEY] = part


def set_up_master(environment: Environment, runner: MasterRunner, assignment: Assignment) -> None:
    """Connects the shape, the collector and the run folder."""
    run = RunFolder(Path(os.environ[orders.RUN_FOLDER]))
    order, shape = assignment.order, environment.shape_class
    if not isinstance(shape, Staged):
        raise TypeError("the locustfile's shape is not a Staged one")
    collector = Collector(runner, run)
    shape.begin(
        collector,
        Script(
            users=order.users,
            course=order.course,
            arriving_max=max(_ARRIVING_MIN, _ARRIVING_PER_WORKER * assignment.workers),
            settle_seconds=order.longest_settling,
            calm_seconds=order.calm_seconds,
            drain_seconds=DRAIN_SECONDS,
        ),
        time.monotonic,
        watch_of(order, collector) or _EndFile.of(order),
    )
    environment.events.worker_report.add_listener(collector.on_report)
    environment.events.test_start.add_listener(lambda **_: collector.rank_workers())
    environment.events.quitting.add_listener(lambda **_: collector.keep_totals())
    gevent.spawn(_tell_progress, collector, shape, order.users)


class _EndFile:
    """Ends the hold once a file is there: whoever ordered the load has seen enough."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @classmethod
    def of(cls, order: LoadOrder) -> _EndFile | None:
        return None if order.end_file is None else cls(order.end_file)

    def broken(self, _second: float) -> bool:
        return self._file.exists()


def _tell_progress(collector: Collector, shape: Staged, users: int) -> None:
    while True:
        collector.tell_progress(shape.phase, users, shape.seconds_left())
        gevent.sleep(1.0)


def _servers(order: LoadOrder, *, ipv6: bool) -> Mapping[str, Endpoint]:
    return {
        target.site: Endpoint(
            hostname=target.hostname,
            address=target.address,
            port=target.port,
            tls=order.ca_file is not None,
        )
        for target in order.targets
        if target.ipv6 is ipv6
    }


def _raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
