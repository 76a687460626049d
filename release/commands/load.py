"""`./suyun load run`: edge, reference platform and users alone; nothing is judged."""

from __future__ import annotations

from pathlib import Path

import typer

from evidence.records import JourneyRecord, LoadRecord, LoadStepRecord, RecoveryRecord
from evidence.run import RunFolder
from evidence.verdict import ExitCode, Verdict, exit_code
from infra.plan.fleet import plan_fleet
from processes.supervisor import Supervisor
from province.reader import read
from rehearsal.toolchain.toolchain import Toolchain
from release.beginning import begin, empty
from release.commands.inputs import province_path
from release.commands.output import print_json, print_table
from release.crowd import Crowd
from release.interrupts import run
from release.load_stage import LoadStage, require_room
from release.narrator import Narrator
from release.site_loss import planned_loss
from release.wording import told_recovery, told_steps
from release.workspace import Workspace


def run_alone(crowd: Crowd, *, province_file: Path | None, as_json: bool) -> ExitCode:
    """Runs the load stage in a run folder of its own and prints its figures."""
    verdict, folder = run(_load(crowd, province_path(province_file)))
    loads, journeys = folder.read(LoadRecord), folder.read(JourneyRecord)
    recoveries, steps = folder.read(RecoveryRecord), folder.read(LoadStepRecord)
    if as_json:
        print_json([*loads, *journeys, *recoveries, *steps])
    else:
        _print(journeys)
        for seen in recoveries:
            typer.echo(f"{told_recovery(seen)}.")
        if steps:
            typer.echo(f"{told_steps(steps)}.")
        typer.echo(f"evidence: {folder.path}")
    return exit_code(verdict)


async def _load(crowd: Crowd, province_file: Path) -> tuple[Verdict, RunFolder]:
    workspace, narrator = Workspace.here(), Narrator()
    province = read(province_file)
    loss = planned_loss(crowd, province)
    require_room(crowd.users)
    async with Supervisor(workspace.state / "load") as supervisor:
        empty(supervisor)
        nginx = (await Toolchain(workspace.cache, supervisor).ensure(["nginx"], lambda _: None))[
            "nginx"
        ]
        folder = await begin(workspace, supervisor, province_file, crowd, scope="load")
        stage = LoadStage(
            crowd=crowd,
            province=province,
            province_file=province_file,
            gateways=tuple(plan.gateway for plan in plan_fleet(province, "rehearsal").sites),
            folder=supervisor.owner / "load",
            nginx=nginx.path,
            loss=loss,
        )
        with narrator.stage("load", "users come, stay and go"):
            verdict, reason = await stage.run(supervisor, folder, narrator.step)
        narrator.say(f"[load] {reason}")
        return verdict, folder


def _print(journeys: tuple[JourneyRecord, ...]) -> None:
    print_table(
        ("journey", "requests", "failed", "p50 ms", "p95 ms", "p99 ms", "max ms"),
        [
            (
                j.journey,
                f"{j.requests:,}",
                f"{j.failed:,}",
                f"{j.response_ms_p50:.1f}",
                f"{j.response_ms_p95:.1f}",
                f"{j.response_ms_p99:.1f}",
                f"{j.response_ms_max:.1f}",
            )
            for j in journeys
        ],
    )
