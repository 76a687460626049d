"""The command line. Only what a command needs is imported, when it runs: `--help` stays quick."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from evidence.verdict import ExitCode
from loadtests.courses import Hour, ShapeName
from release.data_cli import data_app
from release.errors import explain, say
from release.workspace import Workspace

app = typer.Typer(
    name="suyun",
    help="Suyun (苏云) provisions a provincial education cloud and proves what it promises.",
    epilog="Exit codes: 0 pass, 1 fail, 2 unknown, 3 wrong input, 4 tool failed, 130 interrupted.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
room_app = typer.Typer(help="The machine room: the rehearsal's control planes.")
policies_app = typer.Typer(help="Policy as code: check, list, explain.")
load_app = typer.Typer(help="Load runs.")
storage_app = typer.Typer(help="Storage on paper: where data is, and what more of it takes.")
runbooks_app = typer.Typer(help="Runbooks: drills step by step, as people and machines read them.")
app.add_typer(room_app, name="room")
app.add_typer(policies_app, name="policies")
app.add_typer(load_app, name="load")
app.add_typer(storage_app, name="storage")
app.add_typer(runbooks_app, name="runbooks")
app.add_typer(data_app, name="data")


class Environment(StrEnum):
    """Where a stack lives."""

    REHEARSAL = "rehearsal"
    PRODUCTION = "production"


class Wave(StrEnum):
    """Which part of the fleet an `up` is for."""

    CANARY = "canary"
    REST = "rest"


ProvinceFile = Annotated[
    Path | None, typer.Option("--province", help="Province file [default: stacks/province.yaml].")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
Sites = Annotated[
    list[str] | None, typer.Option("--site", help="Only that site; may be given several times.")
]
EnvironmentOption = Annotated[Environment, typer.Option("--environment", help="Which stacks.")]
Parallel = Annotated[int, typer.Option(min=1, max=14, help="Sites at a time.")]
Kubeconfigs = Annotated[
    Path | None,
    typer.Option(help="Folder of <site>.yaml kubeconfigs [default: the machine room's]."),
]
Users = Annotated[int, typer.Option(min=1, max=1_000_000, help="Users connected at once.")]
Ramp = Annotated[
    float | None,
    typer.Option(min=1, help="Seconds until all users are there [default: 700 users a second]."),
]
Hold = Annotated[float, typer.Option(min=1, help="Seconds that all of them stay.")]
Rate = Annotated[
    float | None,
    typer.Option(min=0.1, help="Requests a second of all users together; sets the think times."),
]
ThinkScale = Annotated[
    float, typer.Option(min=0.001, help="Multiplies all think times, where no rate is given.")
]
Shape = Annotated[ShapeName, typer.Option(help="How users come and go.")]
TimeScale = Annotated[
    float, typer.Option(min=0.0001, help="Multiplies the shape's times: 0.1 makes 10 min of 100.")
]
HourOption = Annotated[Hour, typer.Option("--hour", help="The mix of journeys.")]
LostSite = Annotated[
    str | None,
    typer.Option(help="The branch that --shape site-loss loses [default: the largest]."),
]
Seed = Annotated[int, typer.Option(help="Seed of the users' choices.")]


@app.command()
def rehearse(
    users: Users = 200_000,
    ramp: Ramp = None,
    hold: Hold = 300,
    seed: Seed = 1,
    rate: Rate = None,
    think_scale: ThinkScale = 6,
    shape: Shape = ShapeName.HOLD,
    time_scale: TimeScale = 1,
    hour: HourOption = Hour.DAY,
    lost_site: LostSite = None,
    drills: Annotated[
        bool, typer.Option(help="Break what holds data, beside the other stages and under load.")
    ] = True,
    parallel: Parallel = 3,
    province: ProvinceFile = None,
    as_json: Json = False,
) -> None:
    """Stand the whole province up on this machine, load it, judge every claim."""
    from release.commands.rehearse import rehearse as command
    from release.crowd import Crowd, usual_ramp_seconds

    crowd = Crowd(
        users=users,
        ramp_seconds=ramp or usual_ramp_seconds(users),
        hold_seconds=hold,
        seed=seed,
        rate=rate,
        think_scale=think_scale,
        shape=shape,
        time_scale=time_scale,
        hour=hour,
        lost_site=lost_site,
    )
    code = command(crowd, parallel=parallel, drills=drills, province_file=province, as_json=as_json)
    raise typer.Exit(code)


@app.command()
def test(
    fast: Annotated[
        bool, typer.Option(help="Leave out the tests that start real servers.")
    ] = False,
) -> None:
    """Run all that CI runs: lint, types, contracts, tests."""
    from release.commands.check import run_checks

    raise typer.Exit(run_checks(fast=fast))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what this machine has and lacks, and how to mend it."""
    from release.commands.machine import doctor as command

    raise typer.Exit(command(as_json=as_json))


@app.command()
def tools(
    build: Annotated[bool, typer.Option("--build", help="Make whatever is missing.")] = False,
    as_json: Json = False,
) -> None:
    """List each tool of the toolchain: which version was found where."""
    from release.commands.machine import tools as command

    raise typer.Exit(command(build=build, as_json=as_json))


@app.command()
def plan(
    site: Sites = None,
    environment: EnvironmentOption = Environment.REHEARSAL,
    province: ProvinceFile = None,
    as_json: Json = False,
) -> None:
    """Show what each site will get, and why, without any cluster."""
    from release.commands.plan import show_plan

    code = show_plan(environment.value, sites=site, province_file=province, as_json=as_json)
    raise typer.Exit(code)


def _fleet_command(operation: Literal["preview", "drift", "destroy"], text: str) -> None:
    def command(
        site: Sites = None,
        environment: EnvironmentOption = Environment.REHEARSAL,
        kubeconfigs: Kubeconfigs = None,
        parallel: Parallel = 3,
        province: ProvinceFile = None,
        as_json: Json = False,
    ) -> None:
        from release.commands.fleet import FleetOrder, operate

        order = FleetOrder(
            operation=operation,
            environment=environment.value,
            sites=site,
            kubeconfigs=kubeconfigs,
            parallel=parallel,
            province_file=province,
        )
        raise typer.Exit(operate(order, as_json=as_json))

    command.__doc__ = text
    app.command(name=operation)(command)


_fleet_command("preview", "Show what would change, under every mandatory policy.")


@app.command()
def up(
    site: Sites = None,
    wave: Annotated[
        Wave | None,
        typer.Option(
            help="canary: main and the smallest branch; rest: all others, once the canary stands."
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also what stands by an earlier up of the same plan.")
    ] = False,
    environment: EnvironmentOption = Environment.REHEARSAL,
    kubeconfigs: Kubeconfigs = None,
    parallel: Parallel = 3,
    province: ProvinceFile = None,
    as_json: Json = False,
) -> None:
    """Bring the sites up, or mend them, and wait until they are ready."""
    from release.commands.fleet import FleetOrder, operate

    order = FleetOrder(
        operation="up",
        environment=environment.value,
        sites=site,
        kubeconfigs=kubeconfigs,
        parallel=parallel,
        province_file=province,
        wave=wave.value if wave else None,
        again=again,
    )
    raise typer.Exit(operate(order, as_json=as_json))


_fleet_command("drift", "Name every field whose live value is not the one in code.")
_fleet_command("destroy", "Take the sites down and show that nothing is left.")


@app.command()
def drill(
    runbook: Annotated[str, typer.Argument(help="A runbook's name, or its file.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be typed.")
    ] = False,
    first: Annotated[
        int, typer.Option("--from", min=1, help="Go on with the last run at that step.")
    ] = 1,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take back, backwards, what the last run did.")
    ] = False,
    into: Annotated[
        Path | None,
        typer.Option("--run", help="Add to that run's evidence, such as a rehearsal's."),
    ] = None,
    users: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="Users at work meanwhile [default: none].")
    ] = 0,
    think_scale: ThinkScale = 3,
    province: ProvinceFile = None,
    as_json: Json = False,
) -> None:
    """Carry a runbook out step by step: type, look, write down."""
    from release.commands.drill import DrillOrder
    from release.commands.drill import drill as command

    order = DrillOrder(
        runbook=runbook,
        first=first,
        dry_run=dry_run,
        undo=undo,
        into=into,
        province_file=province,
        users=users,
        think_scale=think_scale,
    )
    raise typer.Exit(command(order, as_json=as_json))


@app.command()
def judge(
    run: Annotated[Path, typer.Argument(help="A run folder.")], as_json: Json = False
) -> None:
    """Judge a run again, from its folder alone."""
    from release.commands.runs import judge_run

    raise typer.Exit(judge_run(run, as_json=as_json))


@app.command()
def report(run: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """Write a run's report, JUnit file and verdict again."""
    from release.commands.runs import report_run

    raise typer.Exit(report_run(run))


@room_app.command("start")
def room_start(province: ProvinceFile = None) -> None:
    """Boot all control planes and leave them running in the background."""
    from release.commands.room import start

    raise typer.Exit(start(province))


@room_app.command("stop")
def room_stop() -> None:
    """End the machine room, whatever state it is in."""
    from release.commands.room import stop

    raise typer.Exit(stop())


@room_app.command("status")
def room_status(as_json: Json = False) -> None:
    """Tell whether the machine room stands, and where its kubeconfigs are."""
    from release.commands.room import status

    raise typer.Exit(status(as_json=as_json))


@policies_app.command("list")
def policies_list(as_json: Json = False) -> None:
    """List the rules, a line each."""
    from release.commands.policies import list_rules

    raise typer.Exit(list_rules(as_json=as_json))


@policies_app.command("explain")
def policies_explain(rule: str) -> None:
    """Tell what a rule upholds, why, and what keeps and breaks it."""
    from release.commands.policies import explain_rule

    raise typer.Exit(explain_rule(rule))


@policies_app.command("check")
def policies_check(paths: list[Path], as_json: Json = False) -> None:
    """Check Kubernetes manifests in YAML or JSON files against every rule."""
    from release.commands.policies import check_files

    raise typer.Exit(check_files(paths, as_json=as_json))


@load_app.command("run")
def load_run(
    users: Users = 2_000,
    ramp: Ramp = None,
    hold: Hold = 30,
    seed: Seed = 1,
    rate: Rate = None,
    think_scale: ThinkScale = 1,
    shape: Shape = ShapeName.HOLD,
    time_scale: TimeScale = 1,
    hour: HourOption = Hour.DAY,
    lost_site: LostSite = None,
    province: ProvinceFile = None,
    as_json: Json = False,
) -> None:
    """Load the edge and the reference platform alone, without control planes."""
    from release.commands.load import run_alone
    from release.crowd import Crowd, usual_ramp_seconds

    crowd = Crowd(
        users=users,
        ramp_seconds=ramp or usual_ramp_seconds(users),
        hold_seconds=hold,
        seed=seed,
        rate=rate,
        think_scale=think_scale,
        shape=shape,
        time_scale=time_scale,
        hour=hour,
        lost_site=lost_site,
    )
    raise typer.Exit(run_alone(crowd, province_file=province, as_json=as_json))


@load_app.command("cost")
def load_cost(
    users: Users = 4_000,
    target_users: Annotated[
        int, typer.Option(min=1, max=100_000_000, help="Users whose need is told.")
    ] = 200_000,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Measure what a user and a request cost here, and say what a target needs."""
    from release.commands.cost import show_cost

    raise typer.Exit(show_cost(users, target_users, seed=seed, as_json=as_json))


@storage_app.command("inventory")
def storage_inventory(province: ProvinceFile = None, as_json: Json = False) -> None:
    """Say of each class of data where it is, what a delete reaches, and when it was restored."""
    from release.commands.storage import show_inventory

    raise typer.Exit(show_inventory(province_file=province, as_json=as_json))


@storage_app.command("model")
def storage_model(
    pb: Annotated[
        list[float] | None,
        typer.Option(
            min=0.001, max=1000, help="Stored PB; may be given several times [default: 1, 10, 50]."
        ),
    ] = None,
    lag: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds that a partner's copy is behind, as measured."),
    ] = None,
    province: ProvinceFile = None,
    as_json: Json = False,
) -> None:
    """Say what storage of a size takes: hosts, repairs, durability, first copy, cost."""
    from release.commands.storage import USUAL_PB, show_model

    raise typer.Exit(show_model(pb or USUAL_PB, lag, province_file=province, as_json=as_json))


@runbooks_app.command("list")
def runbooks_list(as_json: Json = False) -> None:
    """List the runbooks, a line each."""
    from release.commands.runbooks import list_runbooks

    raise typer.Exit(list_runbooks(as_json=as_json))


@runbooks_app.command("show")
def runbooks_show(runbook: str, as_json: Json = False) -> None:
    """Show a runbook's steps: what to type, what to see, how to go back. A name or a file."""
    from release.commands.runbooks import show_runbook

    raise typer.Exit(show_runbook(runbook, as_json=as_json))


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit code. Nothing escapes as a traceback."""
    words = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        return int(app(args=words, standalone_mode=False, prog_name="./suyun") or ExitCode.PASS)
    except (Exception, KeyboardInterrupt) as error:
        return int(_outcome_of(error))


def _outcome_of(error: BaseException) -> ExitCode:
    if isinstance(error, typer.Exit):
        return ExitCode(error.exit_code)
    if isinstance(error, typer.TyperException):
        return say(error.format_message(), "./suyun --help lists the commands", ExitCode.BAD_INPUT)
    if isinstance(error, BrokenPipeError):
        # The reader of our output left (`| head`): nobody's mistake.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.PASS
    return explain(error, Workspace.here().state)
