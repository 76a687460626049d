"""Drives Pulumi over all sites: several at a time, each stack in a worker process of its own."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from evidence.records import StackRecord
from infra.fleet.backend import ROOT, Backend
from infra.fleet.copying import check_copies_follow_their_origin
from infra.fleet.errors import FleetError, WrongClusterError
from infra.fleet.identity import Identities
from infra.fleet.journal import Journal, Standing
from infra.fleet.looks import LiveLooks, Looks, StackPlan
from infra.fleet.orders import (
    DriftedField,
    EndTold,
    NoteTold,
    Operation,
    StepTold,
    WorkerOrder,
    parse_told,
)
from infra.fleet.progress import FleetProgress, Progress
from infra.fleet.shrinking import check_pools_never_shrink
from infra.fleet.standing import losses_of
from infra.plan.clusters import ClustersPlan
from infra.plan.size import resources_count
from infra.plan.values import SitePlan
from processes.supervisor import Command, ProcessError, Supervisor
from province.findings import Finding

__all__ = ["FleetEngine", "FleetProgress", "Operation", "SiteTarget", "StackOutcome"]

_RESOURCES_PARALLEL = 16
_LOG_LINES_TOLD = 3
_GRACE_SECONDS = 30.0
"""For a cancelled Pulumi to end what it has in hand and to save its state."""
_CHANGING: frozenset[Operation] = frozenset({"preview", "up"})
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteTarget:
    """A stack's plan and the cluster that it is to stand in."""

    plan: StackPlan
    kubeconfig: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class StackOutcome:
    """What became of one operation on one stack.

    `findings` are the policies' that were broken, `drift` (of the operation `drift`) the fields
    that somebody changed, `notes` what a person should know, `rules` how many were evaluated.
    `skipped` says that the stack stands by an earlier `up`, and that nothing was done.
    """

    record: StackRecord
    findings: tuple[Finding, ...] = ()
    drift: tuple[DriftedField, ...] = ()
    notes: tuple[str, ...] = ()
    rules: int = 0
    skipped: bool = False


class FleetEngine:
    """One state folder's stacks. `parallel` is how many workers run at once.

    `binaries` has `pulumi` and `pulumi-resource-kubernetes`; `policy_pack` is a folder, mandatory
    at each preview and up when given.
    """

    def __init__(
        self,
        state: Path,
        supervisor: Supervisor,
        binaries: Mapping[str, Path],
        policy_pack: Path | None,
        province_file: Path,
        parallel: int,
    ) -> None:
        self._backend = Backend(state.resolve() / "pulumi")
        self._supervisor = supervisor
        self._binaries = binaries
        self._policy_pack = policy_pack.resolve() if policy_pack else None
        self._province_file = province_file.resolve()
        self._parallel = parallel
        self.journal = Journal(self._backend.folder / "standing")
        self.identities = Identities(self._backend.folder / "clusters")
        self.looks: Looks = LiveLooks()

    async def operate(
        self,
        operation: Operation,
        targets: Sequence[SiteTarget],
        on_progress: Callable[[FleetProgress], None],
        *,
        skip_standing: bool = False,
    ) -> tuple[StackOutcome, ...]:
        """The operation on every target; outcomes in the targets' order, failures among them.

        With `skip_standing` an `up` leaves out what an earlier one brought up whole from the same
        plan, if a look finds it ready still; so one that failed goes on where it was.
        A change that would lose data in one step is refused at all sites before it begins.
        One site's failure stops no other. Raises FleetError when no site can be worked on at all.
        Cancelled, it lets Pulumi end what it has in hand and leaves no process behind.
        """
        self._backend.prepare(self._binaries)
        totals = {target.plan.site: resources_count(target.plan) for target in targets}
        progress = Progress(totals, on_progress)
        if operation in _CHANGING:
            plans = [target.plan for target in targets if isinstance(target.plan, SitePlan)]
            lost = losses_of(self._backend, plans)
            if lost:
                return tuple(_refused(operation, target.plan, lost) for target in targets)
        slots = asyncio.Semaphore(self._parallel)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    self._one(operation, target, progress, slots, skip_standing=skip_standing)
                )
                for target in targets
            ]
        return tuple(task.result() for task in tasks)

    async def _one(
        self,
        operation: Operation,
        target: SiteTarget,
        progress: Progress,
        slots: asyncio.Semaphore,
        *,
        skip_standing: bool,
    ) -> StackOutcome:
        site = _SiteWork(self, operation, target, progress)
        if skip_standing and operation == "up":
            standing = self.journal.stands(target.plan)
            if standing is not None and await site.is_ready():
                return site.skip(standing)
        return await site.run(slots)

    async def work(
        self, operation: Operation, target: SiteTarget, on_told: Callable[[str], None]
    ) -> int:
        """Runs one worker to its end; each line that it tells goes to `on_told`."""
        plan = target.plan
        folder = self._backend.workspace(plan.stack, plan.site, self._config(target))
        order = WorkerOrder(
            operation=operation,
            stack=plan.stack,
            site=plan.site,
            folder=folder,
            pulumi_root=self._backend.pulumi_root,
            policy_pack=self._policy_pack,
            resources_parallel=_RESOURCES_PARALLEL,
        )
        file = folder / "order.json"
        file.write_text(order.model_dump_json(), "utf-8")
        command = Command(
            name=f"pulumi {operation} of {plan.site}",
            argv=(sys.executable, "-m", "infra.fleet.worker", str(file)),
            log=self.log(plan.site),
            env=self._backend.environment(plan.environment, operation),
            cwd=ROOT,
            grace_seconds=_GRACE_SECONDS,
        )
        return await self._supervisor.run(command, on_told)

    def unlock(self, stack: str) -> str | None:
        """Takes away a dead process's lock; see `Backend.unlock`."""
        return self._backend.unlock(stack)

    def outputs(self, stack: str) -> Mapping[str, Any]:
        """What the stack told of itself when it was last worked on; see `Backend.outputs`."""
        return self._backend.outputs(stack)

    def log(self, site: str) -> Path:
        """The log of that site's workers."""
        return self._backend.folder / "logs" / f"{site}.log"

    def _config(self, target: SiteTarget) -> dict[str, str]:
        return {
            "site": target.plan.site,
            "environment": target.plan.environment,
            "province": str(self._province_file),
            "kubeconfig": str(target.kubeconfig.resolve()),
        }


class _SiteWork:
    """One operation on one site, from the lock to the gate."""

    def __init__(
        self, engine: FleetEngine, operation: Operation, target: SiteTarget, progress: Progress
    ) -> None:
        self._engine = engine
        self._operation: Operation = operation
        self._target = target
        self._progress = progress
        self._site = target.plan.site
        self._notes: list[str] = []
        self._end: EndTold | None = None

    async def run(self, slots: asyncio.Semaphore) -> StackOutcome:
        """The slot is free again while the gate waits: waiting takes no processor."""
        try:
            async with slots:
                end = await self._work()
            outcome = await self._after(end)
        except WrongClusterError as error:
            told = EndTold(seconds=0, error=error.cause, findings=(error.finding,))
            outcome = self._outcome(told)
        except (FleetError, ProcessError) as error:
            outcome = self._outcome(EndTold(seconds=0, error=f"{error.cause}; {error.hint}"))
        self._write_down(outcome)
        self._progress.end(self._site, outcome.record.error or f"{self._operation} done")
        return outcome

    async def is_ready(self) -> bool:
        """Whether all that the plan asks for is there at this moment."""
        looks, target = self._engine.looks, self._target
        return not await asyncio.to_thread(looks.missing_now, target.plan, target.kubeconfig)

    def skip(self, standing: Standing) -> StackOutcome:
        """The outcome of doing nothing."""
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(standing.at))
        self._take_note(f"stands by the up of {when} UTC; --again does it anew")
        self._progress.end(self._site, "stands already")
        end = EndTold(seconds=0, same=standing.resources)
        outcome = self._outcome(end)
        record = outcome.record.model_copy(update={"ready": True, "ready_seconds": 0.0})
        return StackOutcome(record=record, notes=outcome.notes, skipped=True)

    def _write_down(self, outcome: StackOutcome) -> None:
        """What is known of the stack from now on."""
        record, journal, plan = outcome.record, self._engine.journal, self._target.plan
        good = record.error is None
        if self._operation == "up" and good:
            journal.brought_up(plan, record.resources)
        elif self._operation == "second-preview" and good and not record.changes:
            journal.previewed(plan)
        elif self._operation == "drift" and record.changes:
            journal.forget(plan)

    async def _work(self) -> EndTold:
        refusal = self._refusal()
        if refusal is not None:
            return refusal
        note = self._engine.unlock(self._target.plan.stack)
        if note:
            self._take_note(note)
        await self._require_own_cluster()
        if self._operation in {"up", "destroy"}:
            self._engine.journal.forget(self._target.plan)
        code = await self._engine.work(self._operation, self._target, self._take)
        if self._end is None:
            raise FleetError(
                f"the worker of {self._site} ended with {code} and without a word{self._log()}",
                f"look into {self._engine.log(self._site)}",
            )
        return self._end

    async def _require_own_cluster(self) -> None:
        target, identities = self._target, self._engine.identities
        uid = await asyncio.to_thread(
            self._engine.looks.require_site, target.plan, target.kubeconfig
        )
        identities.require(target.plan, uid)
        if self._operation == "up":
            identities.keep(target.plan, uid)

    async def _after(self, end: EndTold) -> StackOutcome:
        """What has to be true in the cluster once Pulumi is through."""
        if end.error is not None:
            return self._outcome(await self._with_cause(end))
        if self._operation == "up":
            return await self._gate(end)
        if self._operation == "destroy":
            left = await _in_thread(self._engine.looks.await_gone, self._target)
            if left:
                text = f"left behind: {', '.join(left)}; ./suyun destroy can be repeated"
                return self._outcome(end.model_copy(update={"error": text}))
            self._engine.identities.forget(self._target.plan)
        return self._outcome(end)

    async def _with_cause(self, end: EndTold) -> EndTold:
        """An API server that is gone is told as such, and not as what Pulumi made of it."""
        looks, target = self._engine.looks, self._target
        try:
            await asyncio.to_thread(looks.require_site, target.plan, target.kubeconfig)
        except FleetError as error:
            kept = f"what was done is kept; once it answers, {self._operation} goes on from there"
            return end.model_copy(update={"error": f"{error.cause} ({end.error}); {kept}"})
        return end

    async def _gate(self, end: EndTold) -> StackOutcome:
        self._progress.say(f"{self._site}: waiting until all is ready")
        gate = await _in_thread(self._engine.looks.await_ready, self._target)
        error = None if gate.ready else f"not ready: {'; '.join(gate.missing)}"
        outcome = self._outcome(end.model_copy(update={"error": error}))
        seen = {"ready": gate.ready, "ready_seconds": gate.seconds}
        return StackOutcome(
            record=outcome.record.model_copy(update=seen),
            findings=outcome.findings,
            notes=outcome.notes,
            rules=outcome.rules,
        )

    def _take(self, line: str) -> None:
        told = parse_told(line)
        match told:
            case StepTold():
                self._progress.step(self._site, told.done, told.resource)
            case NoteTold():
                self._take_note(told.text)
            case EndTold():
                self._end = told

    def _take_note(self, text: str) -> None:
        self._notes.append(text)
        self._progress.say(f"{self._site}: {text}")

    def _outcome(self, end: EndTold) -> StackOutcome:
        plan = self._target.plan
        kept = end.created + end.updated + end.replaced + end.same
        record = StackRecord(
            site=self._site,
            stack=plan.stack,
            operation=self._operation,
            seconds=end.seconds,
            resources=end.deleted if self._operation == "destroy" else kept,
            created=end.created,
            updated=end.updated,
            replaced=end.replaced,
            deleted=end.deleted,
            same=end.same,
            error=end.error,
        )
        return StackOutcome(
            record=record,
            findings=end.findings,
            drift=end.drift,
            notes=tuple(self._notes),
            rules=end.rules,
        )

    def _refusal(self) -> EndTold | None:
        """Why what stands must not be changed as planned; None where nothing speaks against it."""
        plan = self._target.plan
        if self._operation not in _CHANGING or isinstance(plan, ClustersPlan):
            return None
        found = (
            *check_pools_never_shrink(plan, self._engine.outputs(plan.stack)),
            *check_copies_follow_their_origin(plan, self._engine.outputs),
        )
        if not found:
            return None
        error = f"{found[0].rule}: {found[0].subject}: {found[0].evidence}"
        return EndTold(seconds=0, findings=found, error=error)

    def _log(self) -> str:
        file = self._engine.log(self._site)
        lines = file.read_text("utf-8", errors="replace").splitlines() if file.is_file() else []
        return "".join(f"\n  {line}" for line in lines[-_LOG_LINES_TOLD:])


def _refused(operation: Operation, plan: StackPlan, lost: tuple[Finding, ...]) -> StackOutcome:
    """Nothing was begun, for what one site may do depends on what the others do."""
    sites = ", ".join(dict.fromkeys(finding.subject for finding in lost))
    record = StackRecord(
        site=plan.site,
        stack=plan.stack,
        operation=operation,
        seconds=0,
        resources=0,
        error=f"not begun: data of {sites} would be lost",
    )
    own = tuple(finding for finding in lost if finding.subject == plan.site)
    return StackOutcome(record=record, findings=own)


async def _in_thread(look: Callable[..., T], target: SiteTarget) -> T:
    """Runs a look that blocks; a cancellation makes it stop at its next turn."""
    stop = threading.Event()
    try:
        return await asyncio.to_thread(look, target.plan, target.kubeconfig, stopped=stop.is_set)
    finally:
        stop.set()
