"""`./suyun drill`: carries a runbook out, in a run folder of its own or on from an earlier step."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import typer

from evidence.drills import DrillStepBegunRecord, DrillStepRecord
from evidence.records import RunRecord
from evidence.run import RunFolder, newest_first
from evidence.verdict import ExitCode, Verdict, exit_code, merge
from processes.supervisor import Supervisor
from province.reader import read
from province.value import Value
from rehearsal.data.status import WorldStatus, ledgers_folder
from release.beginning import begin, empty
from release.claims.drills import DrillSeen, seen_drills
from release.commands.inputs import province_path
from release.commands.output import print_json, print_table, table_console
from release.commands.runbooks import named, show_runbook
from release.data_standing import stand_up
from release.drill_load import DrillLoad
from release.drills_table import print_drills, users_lines
from release.errors import InputError
from release.gathered import gather
from release.interrupts import run
from release.load_stage import require_room
from release.narrator import Narrator, Step
from release.wording import printable
from release.workspace import Workspace
from runbooks.runbook import Runbook
from runbooks.runner import Progress, Runner
from runbooks.traces import ended_well, standing

SCOPE = "drill"


@dataclass(frozen=True, kw_only=True, slots=True)
class DrillOrder:
    """Which runbook, and how: from which step (from 1), only shown, or taken back.

    Evidence goes `into` that run folder; where none is named, into a new one or, to go on or back,
    into the last one of this drill. So many `users` are at work meanwhile, on a data world for
    them that is stood up where none stands; their think times are multiplied by `think_scale`.
    """

    runbook: str
    first: int
    dry_run: bool
    undo: bool
    into: Path | None
    province_file: Path | None
    users: int = 0
    think_scale: float = 1.0


class DrillTold(Value):
    """What a command did for a drill: its steps, and the drill as judged, None after `--undo`."""

    run: str
    steps: tuple[DrillStepRecord, ...]
    drill: DrillSeen | None


def drill(order: DrillOrder, *, as_json: bool) -> ExitCode:
    """Carries it out and prints what became of it. Raises InputError, RunbookError."""
    runbook = named(order.runbook)
    _require(order, runbook)
    if order.dry_run:
        return show_runbook(order.runbook, as_json=as_json, first=order.first)
    told = run(_Drill(order, runbook).work())
    if as_json:
        print_json(told)
    else:
        _print(told, order.runbook)
    return exit_code(_verdict(told))


def _require(order: DrillOrder, runbook: Runbook) -> None:
    if order.first > len(runbook.steps):
        raise InputError(
            f"{runbook.name} has {len(runbook.steps)} steps, none of the number {order.first}",
            f"./suyun runbooks show {runbook.name} numbers them",
        )
    if order.users and (order.undo or order.dry_run):
        raise InputError("--users goes with neither --undo nor --dry-run", "leave one of them out")
    if order.undo and (order.first > 1 or order.dry_run):
        raise InputError(
            "--undo takes back all that was done; it goes with neither --from nor --dry-run",
            f"./suyun runbooks show {runbook.name} shows how each step is taken back",
        )


class _Drill:
    """One order, carried out."""

    def __init__(self, order: DrillOrder, runbook: Runbook) -> None:
        self._order = order
        self._runbook = runbook
        self._workspace = Workspace.here()
        self._narrator = Narrator()
        self._province_file = province_path(order.province_file)
        self._step = order.first

    async def work(self) -> DrillTold:
        """There or back. What was done stands when it is interrupted, and that is said."""
        read(self._province_file)
        status = await self._world() if self._order.users else None
        async with Supervisor(self._workspace.state / "drill") as supervisor:
            empty(supervisor)
            folder = await self._folder(supervisor)
            runner = Runner(
                self._runbook,
                supervisor,
                folder,
                env=self._workspace.environment(self._province_file),
            )
            with self._narrator.stage(self._runbook.name, self._runbook.title):
                try:
                    async with self._users(status, folder, supervisor):
                        back = await self._carry(runner)
                except asyncio.CancelledError:
                    ways = _ways(self._order.runbook, self._step)
                    self._narrator.say(f"broken off: what was done stands; {ways}")
                    raise
            return self._told(back, folder)

    async def _world(self) -> WorldStatus:
        require_room(self._order.users)
        return await stand_up(
            self._workspace, self._narrator, self._province_file, users=self._order.users
        )

    def _users(
        self, status: WorldStatus | None, folder: RunFolder, supervisor: Supervisor
    ) -> AbstractAsyncContextManager[None]:
        if status is None:
            return nullcontext()
        load = DrillLoad(
            drill=self._runbook.name,
            status=status,
            ledgers=ledgers_folder(self._workspace.state),
            province_file=self._province_file,
            run=folder,
            think_scale=self._order.think_scale,
        )
        return load.at_work(supervisor, self._narrator.step)

    async def _carry(self, runner: Runner) -> tuple[DrillStepRecord, ...]:
        """There, or back: then the steps that were taken back."""
        if self._order.undo:
            return await runner.take_back(self._tell)
        await runner.carry_out(self._tell, first=self._order.first)
        return ()

    def _told(self, back: tuple[DrillStepRecord, ...], folder: RunFolder) -> DrillTold:
        """When users have gone: what they saw is judged too."""
        if self._order.undo:
            return DrillTold(run=folder.id, steps=back, drill=None)
        name = self._runbook.name
        return DrillTold(
            run=folder.id,
            steps=tuple(one for one in folder.read(DrillStepRecord) if one.drill == name),
            drill=next(one for one in seen_drills(gather(folder)) if one.drill == name),
        )

    async def _folder(self, supervisor: Supervisor) -> RunFolder:
        is_new = not self._order.undo and self._order.first == 1
        if is_new and self._order.into is None:
            return await begin(self._workspace, supervisor, self._province_file, None, scope=SCOPE)
        folder = (
            _last_run(self._workspace.runs, self._runbook)
            if self._order.into is None
            else RunFolder.open(self._order.into)
        )
        if folder.input("province.yaml").read_bytes() != self._province_file.read_bytes():
            raise InputError(
                f"run {folder.id} was of another province than {self._province_file} is now",
                "name its province with --province, or begin anew without --run and --from",
            )
        if self._order.undo:
            _require_known(folder, self._runbook)
        elif not is_new:
            _require_earlier(folder, self._runbook, self._order.first)
        return folder

    def _tell(self, progress: Progress) -> None:
        self._step = progress.step
        back = "taking back " if progress.is_undo else ""
        where = f"step {progress.step} of {len(self._runbook.steps)}"
        if progress.line is None:
            self._narrator.say(f"{back}{where}: {progress.title}")
        else:
            self._narrator.step(
                Step(
                    done=progress.step - 1,
                    total=len(self._runbook.steps),
                    text=f"{back}{where}: {progress.line}",
                )
            )


def _last_run(runs: Path, runbook: Runbook) -> RunFolder:
    """The newest run that is this drill's alone and has begun it."""
    for folder in newest_first(runs):
        scopes = [record.scope for record in folder.reading(RunRecord).records]
        drills = {record.drill for record in folder.reading(DrillStepBegunRecord).records}
        if scopes == [SCOPE] and runbook.name in drills:
            return folder
    raise InputError(
        f"{runbook.name} was never begun here: no run in {runs} has a step of it",
        f"begin it: ./suyun drill {runbook.name}",
    )


def _require_known(folder: RunFolder, runbook: Runbook) -> None:
    """Every step that stands has to be in the runbook still, or nobody knows the way back."""
    highest = max(standing(folder, runbook.name), default=0)
    if highest > len(runbook.steps):
        raise InputError(
            f"run {folder.id} went to step {highest}, and {runbook.name} has "
            f"{len(runbook.steps)} steps now",
            "restore the runbook as it was then: git log names its versions",
        )


def _require_earlier(folder: RunFolder, runbook: Runbook, first: int) -> None:
    """Every step before `first` has to have ended well, as the runbook has it now."""
    done = ended_well(folder, runbook.name)
    for number, step in enumerate(runbook.steps[: first - 1], 1):
        if done.get(number) != step.title:
            raise InputError(
                f"step {number}, {step.title}, has not ended well in run {folder.id}",
                f"go on there with --from {number}",
            )


def _verdict(told: DrillTold) -> Verdict:
    if told.drill is not None:
        return told.drill.verdict
    return merge([Verdict.PASS, *(step.verdict for step in told.steps)])


def _print(told: DrillTold, runbook: str) -> None:
    rows = [
        (
            f"{step.step}",
            f"{step.title} (taken back)" if step.is_undo else step.title,
            step.verdict.value,
            f"{step.seconds:,.1f} s",
            step.reason,
        )
        for step in told.steps
    ]
    if rows:
        print_table(("step", "what", "verdict", "took", "showed"), rows)
    else:
        typer.echo("there was nothing to take back")
    last = told.steps[-1] if told.steps else None
    if last is not None and last.verdict is not Verdict.PASS:
        typer.echo("\n".join(f"  | {printable(line)}" for line in last.tail))
        typer.echo(f"what was done stands; {_ways(runbook, last.step)}")
    if told.drill is not None:
        if told.drill.accounts:
            print_drills([told.drill], table_console())
        if told.drill.load is not None:
            typer.echo("\n".join(users_lines(told.drill.load)))
        typer.echo(f"{told.drill.verdict}  {told.drill.drill}: {told.drill.reason}")
    typer.echo(f"evidence: run {told.run}")


def _ways(runbook: str, step: int) -> str:
    command = f"./suyun drill {runbook}"
    return f"go on: {command} --from {step}, or go back: {command} --undo"
