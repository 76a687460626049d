"""The cost card: what a user and a request cost on this machine, and what any load then needs.

One worker process with the product's own dense users is measured, recording on, plain and over
TLS; the server's CPU is not counted. The process that is measured is `loadtests.cost_process`: only
there are Locust and gevent.
"""

from __future__ import annotations

import math
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, ValidationError

from loadtests.order import LoadError
from loadtests.planning import USERS_PER_WORKER_MAX
from processes.supervisor import Command, Supervisor
from province.value import Value

SECONDS_BETWEEN_REQUESTS = 40.0
"""Of a user of the target: 200,000 users then ask 5,000 times a second."""
TARGET_RAMP_SECONDS = 300.0
CORE_SHARE_MAX = 0.7
"""Of a core that a worker may use: beyond it, it answers late and measures itself."""
USERS_MEASURED_MIN = 1000
"""With fewer, what the process does anyway (its probe of itself) counts as the requests'."""
_ROOT = Path(__file__).resolve().parent.parent


class CostOrder(Value):
    """What the measured process does. `ca_file` is None for a plain `url`.

    `users` arrive over `ramp_seconds`, ask every `pacing_seconds` on average (between half and one
    and a half times that) and are measured for `hold_seconds`, after all have asked.
    """

    url: str
    ca_file: Path | None
    source: str
    users: PositiveInt
    ramp_seconds: PositiveFloat
    hold_seconds: PositiveFloat
    pacing_seconds: PositiveFloat
    seed: NonNegativeInt


class UserCost(Value):
    """What was measured. CPU is user and system time of the load process alone.

    `start_ms` is the CPU from the start until all have settled, for each user: connecting, the
    handshake and the two or three requests that it makes by then. `worker_mib` is the process
    before its first user.
    """

    user_kib: NonNegativeFloat
    request_us: NonNegativeFloat
    start_ms: NonNegativeFloat
    worker_mib: PositiveFloat
    requests: PositiveInt


class Demand(Value):
    """The load that is planned for: users, their requests a second, and how fast they arrive."""

    users: PositiveInt
    requests_per_second: PositiveFloat
    ramp_seconds: PositiveFloat


class Need(Value):
    """What a load takes at the generator, the server not included. `arithmetic` says why."""

    workers: PositiveInt
    cores: PositiveInt
    memory_mib: PositiveInt
    arithmetic: tuple[str, ...]


class Host(Value):
    """The machine on which the costs hold."""

    cpu: str
    cores: PositiveInt
    memory_gib: PositiveFloat


class CostCard(Value):
    """Costs of this machine on that date, and what the demand needs, plain and over TLS."""

    measured_at: str
    host: Host
    seed: NonNegativeInt
    users: PositiveInt
    pacing_seconds: PositiveFloat
    plain: UserCost
    tls: UserCost
    demand: Demand
    need_plain: Need
    need_tls: Need


def demand(users: int) -> Demand:
    """So many users with the usual pause between requests."""
    return Demand(
        users=users,
        requests_per_second=users / SECONDS_BETWEEN_REQUESTS,
        ramp_seconds=TARGET_RAMP_SECONDS,
    )


def need(cost: UserCost, wanted: Demand) -> Need:
    """Workers, cores and memory for that demand at that cost."""
    holding = wanted.requests_per_second * cost.request_us / 1e6
    ramping = wanted.users * cost.start_ms / 1000 / wanted.ramp_seconds
    busiest = max(holding, ramping)
    cores = max(1, math.ceil(busiest / CORE_SHARE_MAX))
    for_files = math.ceil(wanted.users / USERS_PER_WORKER_MAX)
    workers = max(for_files, cores)
    memory = math.ceil(wanted.users * cost.user_kib / 1024 + workers * cost.worker_mib)
    users, rate = f"{wanted.users:,} users", f"{wanted.requests_per_second:,.0f} requests/s"
    arrival = f"{cost.start_ms:.2f} ms / {wanted.ramp_seconds:.0f} s"
    share = f"at most {CORE_SHARE_MAX:.0%} of each"
    processes = f"{workers} workers × {cost.worker_mib:.0f} MiB"
    return Need(
        workers=workers,
        cores=cores,
        memory_mib=memory,
        arithmetic=(
            f"hold: {rate} × {cost.request_us:.0f} µs = {holding:.2f} cores",
            f"ramp: {users} × {arrival} = {ramping:.2f} cores",
            f"cores: the busier, {busiest:.2f}, with {share} = {cores}",
            f"workers: the more of {users} / {USERS_PER_WORKER_MAX:,} = {for_files}, and {cores}",
            f"memory: {users} × {cost.user_kib:.1f} KiB + {processes} = {memory:,} MiB",
        ),
    )


async def measure(
    order: CostOrder, supervisor: Supervisor, module: str = "loadtests.cost_process"
) -> UserCost:
    """Runs that module, which measures itself. Raises LoadError when it or a request fails."""
    lines: list[str] = []
    kind = "plain" if order.ca_file is None else "tls"
    log = supervisor.owner / f"cost-{kind}.log"
    command = Command(
        name=f"cost process ({kind})",
        argv=(sys.executable, "-m", module, order.model_dump_json()),
        log=log,
        cwd=_ROOT,
    )
    status = await supervisor.run(command, lines.append)
    try:
        if status == 0 and lines:
            return UserCost.model_validate_json(lines[-1])
    except ValidationError as error:
        raise LoadError(f"the measured process said {lines[-1]!r}", f"see {log}") from error
    words = log.read_text("utf-8", errors="replace").strip().rpartition("\n")[2]
    raise LoadError(f"the measured process ended with status {status}: {words}", f"see {log}")


def card(order: CostOrder, plain: UserCost, tls: UserCost, wanted: Demand) -> CostCard:
    """The card of what was measured just now; `order` is either of the two."""
    return CostCard(
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        host=host(),
        seed=order.seed,
        users=order.users,
        pacing_seconds=order.pacing_seconds,
        plain=plain,
        tls=tls,
        demand=wanted,
        need_plain=need(plain, wanted),
        need_tls=need(tls, wanted),
    )


def host() -> Host:
    """This machine."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        if line.startswith("model name")
    ]
    return Host(
        cpu=models[0] if models else "unknown",
        cores=os.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
    )
