"""`./suyun preview | up | drift | destroy`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import typer

from evidence.verdict import ExitCode
from infra.fleet.engine import FleetEngine, Operation, SiteTarget, StackOutcome
from infra.fleet.orders import DriftedField
from infra.fleet.waves import Wave, in_wave, require_canary
from infra.plan.values import FleetPlan, SitePlan
from processes.supervisor import Supervisor
from province.findings import Finding, errors
from province.value import Value
from release.commands.inputs import chosen, fleet, province_path
from release.commands.output import print_json, print_table
from release.errors import InputError, finding_line
from release.interrupts import run
from release.narrator import Narrator
from release.standing import (
    PULUMI,
    REHEARSAL,
    Ground,
    fleet_folder,
    given_ground,
    room_ground,
    stand,
)
from release.steps import fleet_step
from release.tooling import tooled
from release.workspace import Workspace


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetOrder:
    """Which operation, where, on which sites. `wave` and `again` are of `up` alone."""

    operation: Operation
    environment: str
    sites: Sequence[str] | None
    kubeconfigs: Path | None
    parallel: int
    province_file: Path | None
    wave: Wave | None = None
    again: bool = False


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
    skipped: bool


def operate(order: FleetOrder, *, as_json: bool) -> ExitCode:
    """Does the operation on every site that was chosen, and prints what came of it."""
    whole = fleet(order.province_file, order.environment)
    outcomes = run(_operate(order, whole))
    if as_json:
        print_json([_result(outcome) for outcome in outcomes])
    else:
        _print(outcomes)
    return _exit_code(outcomes)


def _plans(order: FleetOrder, whole: FleetPlan) -> tuple[SitePlan, ...]:
    if order.wave is None:
        return chosen(whole, order.sites)
    if order.sites:
        raise InputError("--wave and --site exclude each other", "a wave names its sites itself")
    return in_wave(whole, order.wave)


async def _operate(order: FleetOrder, whole: FleetPlan) -> tuple[StackOutcome, ...]:
    plans = _plans(order, whole)
    workspace, narrator = Workspace.here(), Narrator()
    province_file = province_path(order.province_file)
    binaries = await tooled(workspace, narrator, PULUMI)
    ground = await _ground(order, whole, narrator, binaries)
    async with Supervisor(fleet_folder(workspace, order.environment)) as supervisor:
        engine = FleetEngine(
            state=supervisor.owner,
            supervisor=supervisor,
            binaries=binaries,
            policy_pack=workspace.policy_pack,
            province_file=province_file,
            parallel=order.parallel,
        )
        if order.wave == "rest":
            require_canary(whole, engine.journal)
        return await _in_order(order, ground, plans, engine, narrator)


async def _in_order(
    order: FleetOrder,
    ground: Ground,
    plans: Sequence[SitePlan],
    engine: FleetEngine,
    narrator: Narrator,
) -> tuple[StackOutcome, ...]:
    """Clusters before what stands in them; the other way round to take them down.

    What has failed is not built upon.
    """
    clusters = _clusters(order, ground, engine)
    operate = partial(_told, engine, order.operation, narrator=narrator, again=order.again)
    if order.operation == "destroy":
        gone = await operate(await asyncio.to_thread(ground.targets, plans))
        return gone if _failed(gone) or not clusters else gone + await operate(clusters)
    made = await operate(clusters) if clusters else ()
    if _failed(made):
        return made
    targets = await asyncio.to_thread(ground.targets, plans)
    done = made + await operate(targets)
    if order.wave != "canary" or _failed(done):
        return done
    return done + await _told(engine, "second-preview", targets, narrator=narrator)


def _clusters(order: FleetOrder, ground: Ground, engine: FleetEngine) -> tuple[SiteTarget, ...]:
    """The stack that makes the branches' clusters, where it is to be worked on as well.

    Chosen sites leave it as it is, and so does a canary once it stands: a change of it meets all
    branches, so it waits for the gate.
    """
    target = ground.clusters
    if target is None or not ground.is_ours or order.sites:
        return ()
    stands = engine.journal.standing(target.plan) is not None
    return () if order.wave == "canary" and stands else (target,)


async def _told(
    engine: FleetEngine,
    operation: Operation,
    targets: Sequence[SiteTarget],
    *,
    narrator: Narrator,
    again: bool = False,
) -> tuple[StackOutcome, ...]:
    with narrator.stage(operation, f"{len(targets)} stacks"):
        return await engine.operate(
            operation,
            targets,
            lambda p: narrator.step(fleet_step(operation, p)),
            skip_standing=not again,
        )


def _failed(outcomes: Sequence[StackOutcome]) -> bool:
    return any(outcome.record.error for outcome in outcomes)


async def _ground(
    order: FleetOrder, plans: FleetPlan, narrator: Narrator, binaries: Mapping[str, Path]
) -> Ground:
    workspace = Workspace.here()
    if order.environment == REHEARSAL and order.kubeconfigs is None:
        room = await stand(workspace, province_path(order.province_file), narrator, binaries)
        return room_ground(workspace, room, plans)
    return given_ground(workspace, order.kubeconfigs, plans)


def _exit_code(outcomes: Sequence[StackOutcome]) -> ExitCode:
    """A broken rule or a drifted field FAILs; a stack that could not be worked on is the tool's."""
    still = ("drift", "second-preview")
    if any(errors(outcome.findings) for outcome in outcomes):
        return ExitCode.FAIL
    if _failed(outcomes):
        return ExitCode.TOOL_FAILED
    records = [outcome.record for outcome in outcomes if outcome.record.operation in still]
    return ExitCode.FAIL if any(record.changes for record in records) else ExitCode.PASS


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
    done = "stands" if outcome.skipped else record.operation
    told = record.error or ("findings" if outcome.findings else done)
    return (record.stack, *(str(count) for count in counts), f"{record.seconds:.1f}", told)


def _result(outcome: StackOutcome) -> StackResult:
    counted = outcome.record.model_dump(include=set(StackResult.model_fields))
    return StackResult(
        **counted,
        findings=outcome.findings,
        drift=outcome.drift,
        notes=outcome.notes,
        skipped=outcome.skipped,
    )
