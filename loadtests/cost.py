"""The cost card, measured: what a user and a request cost on this machine.

One worker process with the product's own dense users is measured, recording on, plain and over
TLS; the server's CPU is not counted. The process that is measured is `loadtests.cost_process`: only
there are Locust and gevent. What a load then needs is arithmetic: `province.load_cost`.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, ValidationError

from loadtests.order import LoadError
from processes.supervisor import Command, Supervisor
from province.load_cost import CostCard, Demand, Host, UserCost, need
from province.value import Value

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
