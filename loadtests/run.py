"""Runs a load: plans it, starts Locust's master and workers, waits, and analyses what they saw.

Neither Locust nor gevent is imported here; they live in the processes that are started.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from evidence.load import LoadPlanRecord
from evidence.records import LoadRecord
from evidence.run import RunFolder
from loadtests import order as orders
from loadtests.analysis import analyse, read_evidence
from loadtests.order import Assignment, LoadError, LoadOrder
from loadtests.planning import Machine, connections_ipv6, plan_think_scale, plan_workers
from loadtests.progress import LoadProgress, parse_progress
from loadtests.reach import reached
from loadtests.recovery import recoveries
from processes import ports
from processes.memory import TOGETHER
from processes.supervisor import Command, Running, Supervisor
from province.audience import Crowd, crowds
from province.reader import read

_ROOT = Path(__file__).resolve().parent.parent
_LOCUSTFILE = Path(__file__).resolve().parent / "locustfile.py"
_WORKERS_UP_SECONDS = 120
_BEYOND_SECONDS = 240.0
"""Besides ramp, settling and hold: starting, draining and the end, each at its longest."""
_END_GRACE_SECONDS = 2.0
"""For workers to end by themselves once the master has all counts. With 17,000 users each it would
take more than 25 s, much of it for a line in the log about each, of which nothing is learnt."""
_LEAVE_SECONDS = 40
"""Users who leave before the end finish what they began: longer than any request."""

ProgressListener = Callable[[LoadProgress], None]


async def run_load(
    order: LoadOrder, supervisor: Supervisor, run: RunFolder, on_progress: ProgressListener
) -> LoadRecord:
    """Runs the load to its end and returns its record, which is then in the run folder.

    A worker that dies does not end the run; the record counts it as lost. Raises LoadError when
    the load does not fit this machine (nothing is started then) or when Locust itself breaks down.
    When cancelled, all that was started is ended.
    """
    _require_readable(order.secret_file, *filter(None, [order.ca_file]))
    who = crowds(read(order.province_file), order.users)
    workers = plan_workers(order, who, Machine.here())
    run.append(_plan_record(order, workers, who))
    assignment = Assignment(order=order, workers=workers, think_scale=plan_think_scale(order, who))
    await _drive(assignment, supervisor, run, on_progress)
    return record_load(run)


def _require_readable(*files: Path) -> None:
    for file in files:
        if not (file.is_file() and os.access(file, os.R_OK)):
            raise LoadError(f"{file} cannot be read", "it is made when the edge is started")


def record_load(run: RunFolder) -> LoadRecord:
    """Analyses the raw records of a run folder and appends what follows from them."""
    evidence = read_evidence(run)
    load, journeys = analyse(evidence)
    for record in (*journeys, *recoveries(evidence), *reached(evidence.workers)):
        run.append(record)
    run.append(load)
    return load


async def _drive(
    assignment: Assignment, supervisor: Supervisor, run: RunFolder, on_progress: ProgressListener
) -> None:
    order_file = supervisor.owner / "load" / "order.json"
    order_file.parent.mkdir(parents=True, exist_ok=True)
    order_file.write_text(assignment.model_dump_json(), "utf-8")
    port = _free_port()
    started: list[Running] = []
    try:
        async with asyncio.timeout(_longest_seconds(assignment.order)):
            master = await supervisor.start(_master(assignment, order_file, run, port), piped=True)
            started.append(master)
            for number in range(assignment.workers):
                worker = await supervisor.start(_worker(order_file, run, port, number))
                started.append(worker)
            await _follow(master, started[1:], on_progress)
    except TimeoutError as error:
        raise LoadError(
            "the load run did not end in its time", f"look into {run.path / 'logs'}"
        ) from error
    finally:
        await asyncio.shield(_end(supervisor, started))


def _longest_seconds(order: LoadOrder) -> float:
    return order.course.seconds + order.longest_settling + _BEYOND_SECONDS


async def _follow(master: Running, workers: list[Running], on_progress: ProgressListener) -> None:
    """Tells the progress until the master ends, or no worker is left. Raises LoadError."""
    if master.stdout is not None:
        async for line in master.stdout:
            progress = parse_progress(line.decode("utf-8", errors="replace"))
            if progress is not None:
                _require_begun(workers, progress)
                on_progress(progress)
                if all(worker.exit_code is not None for worker in workers):
                    return
    status = await master.wait()
    if status != 0:
        raise _broken("the Locust master", master, status)
    with suppress(TimeoutError):
        async with asyncio.timeout(_END_GRACE_SECONDS):
            await asyncio.gather(*(worker.wait() for worker in workers))


def _require_begun(workers: list[Running], progress: LoadProgress) -> None:
    """A worker that ends before all have begun had no chance: the load is wrong, not the worker."""
    for worker in workers:
        if worker.exit_code is not None and progress.workers < len(workers):
            raise _broken("a load worker", worker, worker.exit_code)


async def _end(supervisor: Supervisor, started: list[Running]) -> None:
    await asyncio.gather(*(supervisor.stop(running) for running in started))


def _broken(what: str, running: Running, status: int) -> LoadError:
    last_words = running.log_tail(5).strip().rpartition("\n")[2]
    return LoadError(
        f"{what} ended with status {status}: {last_words}",
        f"its log is {running.command.log}",
    )


def _master(assignment: Assignment, order_file: Path, run: RunFolder, port: int) -> Command:
    return Command(
        name="load-master",
        argv=(
            *_locust(),
            "--headless",
            "--only-summary",
            "--master",
            "--master-bind-host=127.0.0.1",
            f"--master-bind-port={port}",
            f"--expect-workers={assignment.workers}",
            f"--expect-workers-max-wait={_WORKERS_UP_SECONDS}",
            "--exit-code-on-error=0",
            f"--stop-timeout={_LEAVE_SECONDS}",
        ),
        log=run.path / "logs" / "load-master.log",
        env={orders.ORDER_FILE: str(order_file), orders.RUN_FOLDER: str(run.path)},
        cwd=_ROOT,
    )


def _worker(order_file: Path, run: RunFolder, port: int, number: int) -> Command:
    return Command(
        name=f"load-worker-{number}",
        argv=(*_locust(), "--worker", "--master-host=127.0.0.1", f"--master-port={port}"),
        log=run.path / "logs" / f"load-worker-{number}.log",
        env={**TOGETHER, orders.ORDER_FILE: str(order_file), orders.WORKER: str(number)},
        cwd=_ROOT,
        stop_signal=signal.SIGKILL,  # thousands of users need no orderly end
    )


def _locust() -> tuple[str, ...]:
    return (sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE))


def _free_port() -> int:
    """A port on loopback that nobody listens on, for the master's ZeroMQ socket."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    ports.require_free([("127.0.0.1", port)])
    return port


def _plan_record(order: LoadOrder, workers: int, who: tuple[Crowd, ...]) -> LoadPlanRecord:
    return LoadPlanRecord(
        users=order.users,
        users_ipv6=sum(connections_ipv6(order, who).values()),
        ramp_seconds=order.course.hold_at,
        hold_seconds=order.course.seconds - order.course.hold_at,
        workers=workers,
        tls=order.ca_file is not None,
        seed=order.seed,
    )
