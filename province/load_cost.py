"""What a load needs: the arithmetic from the generator's cost card, and the card that is kept.

The card is measured by `./suyun load cost --json` and kept as `stacks/load-cost.json`: the load rig
is sized from it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from province.value import Value

KEPT_CARD = Path(__file__).resolve().parent.parent / "stacks" / "load-cost.json"
SECONDS_BETWEEN_REQUESTS = 40.0
"""Of a user of the target: 200,000 users then ask 5,000 times a second."""
TARGET_RAMP_SECONDS = 300.0
CORE_SHARE_MAX = 0.7
"""Of a core that a worker may use: beyond it, it answers late and measures itself."""
USERS_PER_WORKER_MAX = 18_000
"""Below the 20,000 files that a process commonly may open, with room for its own."""


class LoadRig(Value):
    """The load rig's image; how many workers it has, and how large, follows from the card."""

    image: Annotated[str, Field(pattern=r"^\S+@sha256:[0-9a-f]{64}$")]


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
    holding, ramping = _cores_used(cost, wanted)
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


def worker_cores(cost: UserCost, wanted: Demand) -> float:
    """What each of the needed workers asks of a core, so that it uses no more than its share."""
    return max(_cores_used(cost, wanted)) / need(cost, wanted).workers / CORE_SHARE_MAX


def worker_mib(cost: UserCost, users: int) -> float:
    """Memory of a worker with so many users."""
    return cost.worker_mib + users * cost.user_kib / 1024


def _cores_used(cost: UserCost, wanted: Demand) -> tuple[float, float]:
    """All workers together: in the hold, and while the users arrive."""
    holding = wanted.requests_per_second * cost.request_us / 1e6
    return holding, wanted.users * cost.start_ms / 1000 / wanted.ramp_seconds


def kept_card(file: Path = KEPT_CARD) -> CostCard:
    """The card that was measured last and kept. Raises OSError, ValidationError."""
    return CostCard.model_validate_json(file.read_text("utf-8"))
