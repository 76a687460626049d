"""`./suyun load cost`: what users and requests cost here, and what a target needs."""

from __future__ import annotations

from evidence.verdict import ExitCode
from loadtests.cost import USERS_MEASURED_MIN, CostOrder, card, measure
from processes.supervisor import Supervisor
from province.load_cost import USERS_PER_WORKER_MAX, CostCard, Need, UserCost, demand
from rehearsal.edge.fixed import FixedServer
from rehearsal.toolchain.toolchain import Toolchain
from release.beginning import empty
from release.commands.output import print_json, print_table
from release.errors import InputError
from release.interrupts import run
from release.narrator import Narrator, Step
from release.workspace import Workspace

_ADDRESS = "127.20.250.1"
"""Besides every site's of the rehearsal."""
_SOURCE = "127.0.1.250"
_HOLD_SECONDS = 15.0
_PACING_SECONDS = 4.0
_ARRIVALS_PER_SECOND = 400.0


def show_cost(users: int, target_users: int, *, seed: int, as_json: bool) -> ExitCode:
    """Measures `users` in one process and prints the card. Raises InputError for a wrong number."""
    if not USERS_MEASURED_MIN <= users <= USERS_PER_WORKER_MAX:
        raise InputError(
            f"{users:,} users cannot be measured in one worker process: "
            f"{USERS_MEASURED_MIN:,} to {USERS_PER_WORKER_MAX:,} can",
            "--users is for the measurement; --target-users says for how many the need is told",
        )
    found = run(_card(users, target_users, seed))
    if as_json:
        print_json(found)
    else:
        _print(found)
    return ExitCode.PASS


async def _card(users: int, target_users: int, seed: int) -> CostCard:
    workspace, narrator = Workspace.here(), Narrator()
    async with Supervisor(workspace.state / "cost") as supervisor:
        empty(supervisor)
        tools = await Toolchain(workspace.cache, supervisor).ensure(["nginx"], lambda _: None)
        server = FixedServer(
            supervisor.owner / "server",
            supervisor,
            tools["nginx"].path,
            address=_ADDRESS,
            users=users,
        )
        await server.start()
        with narrator.stage("cost", f"{users:,} users in one process, plain and over TLS"):
            plain, tls = (_order(server, users, seed, tls=tls) for tls in (False, True))
            narrator.step(_step(0, plain))
            cost_plain = await measure(plain, supervisor)
            narrator.step(_step(1, tls))
            cost_tls = await measure(tls, supervisor)
        return card(plain, cost_plain, cost_tls, demand(target_users))


def _order(server: FixedServer, users: int, seed: int, *, tls: bool) -> CostOrder:
    return CostOrder(
        url=server.url(tls=tls),
        ca_file=server.ca_file if tls else None,
        source=_SOURCE,
        users=users,
        ramp_seconds=max(1.0, users / _ARRIVALS_PER_SECOND),
        hold_seconds=_HOLD_SECONDS,
        pacing_seconds=_PACING_SECONDS,
        seed=seed,
    )


def _step(number: int, order: CostOrder) -> Step:
    each = order.ramp_seconds + order.hold_seconds + 2 * order.pacing_seconds
    kind = "plain" if order.ca_file is None else "over TLS"
    return Step(done=number, total=2, text=f"measuring {kind}", seconds_left=each * (2 - number))


def _print(found: CostCard) -> None:
    print_table(
        ("", "KiB a user", "µs a request", "ms a user at start", "MiB a worker", "requests"),
        [_cost_row("plain", found.plain), _cost_row("TLS", found.tls)],
    )
    for kind, wanted in (("plain", found.need_plain), ("TLS", found.need_tls)):
        print_table((f"{found.demand.users:,} users, {kind}:", _sum(wanted)), [])
        print_table(("", ""), [("", line) for line in wanted.arithmetic])
    host = found.host
    print_table(
        ("", ""),
        [
            ("machine", f"{host.cores} cores, {host.memory_gib} GiB, {host.cpu}"),
            (
                "measured",
                f"{found.measured_at}, {found.users:,} users in one process, recording on",
            ),
            ("requests", f"every {found.pacing_seconds:g} s a user on average, seed {found.seed}"),
        ],
    )


def _cost_row(kind: str, cost: UserCost) -> tuple[str, ...]:
    return (
        kind,
        f"{cost.user_kib:.1f}",
        f"{cost.request_us:.0f}",
        f"{cost.start_ms:.2f}",
        f"{cost.worker_mib:.0f}",
        f"{cost.requests:,}",
    )


def _sum(need: Need) -> str:
    return f"{need.workers} workers, {need.cores} cores, {need.memory_mib:,} MiB besides the server"
