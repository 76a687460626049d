"""`./suyun preview | up | drift | destroy`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from evidence.verdict import ExitCode
from infra.fleet.engine import FleetEngine, Operation, SiteTarget, StackOutcome
from infra.fleet.orders import DriftedField
from infra.plan.values import SitePlan
from processes.supervisor import Supervisor
from province.findings import Finding, errors
from province.value import Value
from release.commands.inputs import chosen, fleet, province_path
from release.commands.output import print_json, print_table
from release.errors import finding_line
from release.interrupts import run
from release.narrator import Narrator
from release.standing import fleet_folder, given_targets, room_targets, stand
from release.steps import fleet_step
from release.tooling import tooled
from release.workspace import Workspace

_BINARIES = ("pulumi", "pulumi-resource-kubernetes")


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetOrder:
    """Which operation, where, on which sites."""

    operation: Operation
    environment: str
    sites: Sequence[str] | None
    kubeconfigs: Path | None
    parallel: int
    province_file: Path | None


class StackResult(Value):
    """One stack's outcome, as `--json` tells it."""

    site: str
    stack: str
    operation: str
    seconds: float
    created: int
    updated: int
    replaced: int
    deleted: int
    same: int
    error: str | None
    findings: tuple[Finding, ...]
    drift: tuple[DriftedField, ...]
    notes: tuple[str, ...]


def operate(order: FleetOrder, *, as_json: bool) -> ExitCode:
    """Does the operation on every site that was chosen, and prints what came of it."""
    plans = chosen(fleet(order.province_file, order.environment), order.sites)
    outcomes = run(_operate(order, plans))
    if as_json:
        print_json([_result(outcome) for outcome in outcomes])
    else:
        _print(outcomes)
    return _exit_code(outcomes, order.operation)


async def _operate(order: FleetOrder, plans: Sequence[SitePlan]) -> tuple[StackOutcome, ...]:
    workspace, narrator = Workspace.here(), Narrator()
    province_file = province_path(order.province_file)
    binaries = await tooled(workspace, narrator, _BINARIES)
    targets = await _targets(order, plans, narrator)
    async with Supervisor(fleet_folder(workspace, order.environment)) as supervisor:
        engine = FleetEngine(
            state=supervisor.owner,
            supervisor=supervisor,
            binaries=binaries,
            policy_pack=workspace.policy_pack,
            province_file=province_file,
            parallel=order.parallel,
        )
        with narrator.stage(order.operation, f"{len(targets)} stacks"):
            return await engine.operate(
                order.operation,
                targets,
                lambda p: narrator.step(fleet_step(order.operation, p)),
            )


async def _targets(
    order: FleetOrder, plans: Sequence[SitePlan], narrator: Narrator
) -> tuple[SiteTarget, ...]:
    if order.environment == "rehearsal" and order.kubeconfigs is None:
        room = await stand(Workspace.here(), province_path(order.province_file), narrator)
        return room_targets(room, plans)
    return given_targets(order.kubeconfigs, plans)


def _exit_code(outcomes: Sequence[StackOutcome], operation: Operation) -> ExitCode:
    """A broken rule or a drifted field FAILs; a stack that could not be worked on is the tool's."""
    if any(errors(outcome.findings) for outcome in outcomes):
        return ExitCode.FAIL
    if any(outcome.record.error for outcome in outcomes):
        return ExitCode.TOOL_FAILED
    drifted = operation == "drift" and any(outcome.record.changes for outcome in outcomes)
    return ExitCode.FAIL if drifted else ExitCode.PASS


def _print(outcomes: Sequence[StackOutcome]) -> None:
    print_table(
        ("stack", "create", "update", "replace", "delete", "same", "seconds", "outcome"),
        [_row(outcome) for outcome in outcomes],
    )
    for outcome in outcomes:
        site = outcome.record.site
        for finding in outcome.findings:
            typer.echo(f"{site}: {finding_line(finding)}")
        for field in outcome.drift:
            typer.echo(
                f"{site}: {field.resource}: {field.field}: "
                f"in code {field.code or 'absent'}, live {field.live or 'absent'}"
            )


def _row(outcome: StackOutcome) -> tuple[str, ...]:
    record = outcome.record
    counts = (record.created, record.updated, record.replaced, record.deleted, record.same)
    told = record.error or ("findings" if outcome.findings else "done")
    return (record.stack, *(str(count) for count in counts), f"{record.seconds:.1f}", told)


def _result(outcome: StackOutcome) -> StackResult:
    counted = outcome.record.model_dump(include=set(StackResult.model_fields))
    return StackResult(
        **counted, findings=outcome.findings, drift=outcome.drift, notes=outcome.notes
    )
