"""`./suyun doctor` and `./suyun tools`: what this machine has for a rehearsal."""

from __future__ import annotations

import dataclasses

from evidence.verdict import ExitCode
from processes.supervisor import Supervisor
from province.findings import Severity
from rehearsal.toolchain.doctor import Check, checks
from rehearsal.toolchain.errors import ToolchainError
from rehearsal.toolchain.pins import PINS, DebianTool
from rehearsal.toolchain.toolchain import Toolchain
from rehearsal.toolchain.values import ToolState, ToolStatus
from release.commands.output import print_json, print_table
from release.errors import told
from release.interrupts import run
from release.narrator import Narrator
from release.tooling import tooled
from release.workspace import Workspace


def doctor(*, as_json: bool) -> ExitCode:
    """FAIL when something that a rehearsal cannot do without is missing."""
    found = run(_checks())
    if as_json:
        print_json(found)
    else:
        print_table(("", "subject", "found", "for", "mend"), [_check_row(one) for one in found])
    broken = any(one.severity is Severity.ERROR for one in found)
    return ExitCode.FAIL if broken else ExitCode.PASS


def tools(*, build: bool, as_json: bool) -> ExitCode:
    """UNKNOWN when a needed tool is missing; `build` makes first what can be made here.

    What a rehearsal goes on without is tried, and whatever is in the way of it is said.
    """
    needed = {name for name, pin in PINS.items() if not isinstance(pin, DebianTool) or pin.needed}
    if build:
        run(tooled(Workspace.here(), Narrator(), tuple(needed)))
        _try(tuple(PINS.keys() - needed))
    found = run(_survey())
    if as_json:
        print_json({"tools": [_plain(one) for one in found]})
    else:
        print_table(
            ("tool", "wanted", "state", "version", "where or how"),
            [_tool_row(one) for one in found],
        )
    missing = any(one.state is ToolState.MISSING and one.name in needed for one in found)
    return ExitCode.UNKNOWN if missing else ExitCode.PASS


def _try(names: tuple[str, ...]) -> None:
    try:
        run(tooled(Workspace.here(), Narrator(), names))
    except ToolchainError as error:
        Narrator().say(told(error))


async def _checks() -> tuple[Check, ...]:
    workspace = Workspace.here()
    async with Supervisor(workspace.state / "doctor") as supervisor:
        return await checks(supervisor, workspace.cache, workspace.state)


async def _survey() -> tuple[ToolStatus, ...]:
    workspace = Workspace.here()
    async with Supervisor(workspace.state / "doctor") as supervisor:
        return await Toolchain(workspace.cache, supervisor).survey()


def _check_row(check: Check) -> tuple[str, ...]:
    sign = "ok" if check.severity is None else str(check.severity)
    return (sign, check.subject, check.found, check.purpose, check.mend)


def _tool_row(tool: ToolStatus) -> tuple[str, ...]:
    where = str(tool.path) if tool.path else tool.detail
    return (tool.name, tool.wanted, str(tool.state), tool.version or "", where)


def _plain(tool: ToolStatus) -> dict[str, object]:
    return {name: str(value) if value else None for name, value in dataclasses.asdict(tool).items()}
