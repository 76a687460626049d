from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from infra.fleet.engine import FleetEngine, FleetProgress, Operation, SiteTarget, StackOutcome
from infra.fleet.errors import FleetError, WrongClusterError
from infra.fleet.looks import StackPlan
from infra.fleet.orders import EndTold, NoteTold, StepTold, WorkerOrder
from infra.fleet.progress import Progress
from infra.fleet.readiness import Readiness
from infra.plan.fleet import plan_fleet
from infra.plan.size import resources_count
from infra.plan.values import FleetPlan
from processes.supervisor import Command
from province.findings import Severity
from tests.infra import example

FLEET = plan_fleet(example.small(), "rehearsal")
Told = StepTold | NoteTold | EndTold


class FakeSupervisor:
    """Runs no process: it tells what a worker of that site would."""

    def __init__(self, told: Mapping[str, list[Told]]) -> None:
        self.told = dict(told)
        self.orders: list[WorkerOrder] = []
        self.at_once = 0
        self.at_once_max = 0

    async def run(self, command: Command, on_line: Callable[[str], None]) -> int:
        order = WorkerOrder.model_validate_json(Path(command.argv[-1]).read_text("utf-8"))
        self.orders.append(order)
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        for told in self.told.get(order.site, [EndTold(seconds=1, created=5)]):
            on_line(told.model_dump_json())
        return 0


class FakeLooks:
    """Sees what the test wants it to see."""

    def __init__(self) -> None:
        self.missing: tuple[str, ...] = ()
        self.left: tuple[str, ...] = ()
        self.other: set[str] = set()
        self.gone: set[str] = set()
        self.dies: set[str] = set()
        self.uids: dict[str, str] = {}
        self._looked: set[str] = set()

    def require_site(self, plan: StackPlan, kubeconfig: Path) -> str:
        if plan.site in self.other:
            raise WrongClusterError(
                plan.site, f"{kubeconfig.name} is of another site", "take the right one"
            )
        if plan.site in self.dies & self._looked:
            raise FleetError(f"{plan.site} does not answer", "see that it runs")
        self._looked.add(plan.site)
        return self.uids.get(plan.site, f"uid-of-{plan.site}")

    def missing_now(self, plan: StackPlan, kubeconfig: Path) -> tuple[str, ...]:
        return (f"{kubeconfig.name} is gone",) if plan.site in self.gone else ()

    def await_ready(
        self, plan: StackPlan, kubeconfig: Path, *, stopped: Callable[[], bool]
    ) -> Readiness:
        assert kubeconfig.name == plan.site
        assert not stopped()
        return Readiness(ready=not self.missing, seconds=2.5, missing=self.missing)

    def await_gone(
        self, plan: StackPlan, kubeconfig: Path, *, stopped: Callable[[], bool]
    ) -> tuple[str, ...]:
        assert kubeconfig.name == plan.site
        assert not stopped()
        return self.left


class World:
    def __init__(self, folder: Path, told: Mapping[str, list[Told]]) -> None:
        self.folder = folder
        self.supervisor = FakeSupervisor(told)
        self.looks = FakeLooks()
        self.progress: list[FleetProgress] = []

    def operate(
        self,
        operation: Operation,
        parallel: int = 2,
        *,
        skip_standing: bool = False,
        fleet: FleetPlan = FLEET,
    ) -> dict[str, StackOutcome]:
        engine = self.engine(parallel)
        targets = [
            SiteTarget(plan=plan, kubeconfig=self.folder / plan.site) for plan in fleet.sites
        ]
        outcomes = asyncio.run(
            engine.operate(operation, targets, self.progress.append, skip_standing=skip_standing)
        )
        return {outcome.record.site: outcome for outcome in outcomes}

    def engine(self, parallel: int = 2) -> FleetEngine:
        engine = FleetEngine(
            state=self.folder / "state",
            supervisor=self.supervisor,  # type: ignore[arg-type]  # a fake takes its place
            binaries=self._binaries(),
            policy_pack=None,
            province_file=self.folder / "province.yaml",
            parallel=parallel,
        )
        engine.looks = self.looks
        return engine

    def _binaries(self) -> dict[str, Path]:
        names = ("pulumi", "pulumi-resource-kubernetes")
        for name in names:
            (self.folder / name).write_text("")
        return {name: self.folder / name for name in names}


def world(folder: Path, **told: list[Told]) -> World:
    return World(folder, told)


def test_outcomes_come_in_the_order_of_the_targets(tmp_path: Path) -> None:
    outcomes = world(tmp_path).operate("preview")
    assert list(outcomes) == ["main", "suzhou", "wuxi"]
    assert outcomes["suzhou"].record.stack == "rehearsal.suzhou"
    assert outcomes["suzhou"].record.created == 5


@pytest.mark.parametrize("parallel", [1, 2, 3])
def test_no_more_workers_than_asked_run_at_once(tmp_path: Path, parallel: int) -> None:
    here = world(tmp_path)
    here.operate("preview", parallel)
    assert here.supervisor.at_once_max == parallel


def test_one_sites_failure_stops_no_other(tmp_path: Path) -> None:
    broken: list[Told] = [EndTold(seconds=1, error="Deployment city/login: refused")]
    outcomes = world(tmp_path, suzhou=broken).operate("up")
    assert outcomes["suzhou"].record.error == "Deployment city/login: refused"
    assert outcomes["suzhou"].record.ready is None
    assert outcomes["wuxi"].record.ready is True


def test_a_worker_without_a_word_is_an_error_of_its_site(tmp_path: Path) -> None:
    outcomes = world(tmp_path, suzhou=[]).operate("preview")
    assert "without a word" in (outcomes["suzhou"].record.error or "")
    assert outcomes["main"].record.error is None


def test_the_wrong_cluster_is_left_alone(tmp_path: Path) -> None:
    here = world(tmp_path)
    here.looks.other = {"wuxi"}
    outcomes = here.operate("up")
    assert outcomes["wuxi"].record.error == "wuxi is of another site"
    (finding,) = outcomes["wuxi"].findings
    assert finding.rule == "kubeconfig-leads-to-its-own-cluster"
    assert (finding.subject, finding.hint) == ("kubeconfig of wuxi", "take the right one")
    assert {order.site for order in here.supervisor.orders} == {"main", "suzhou"}


def test_a_cluster_that_is_not_the_one_of_the_first_up_is_left_alone(tmp_path: Path) -> None:
    here = world(tmp_path)
    here.looks.uids = {"wuxi": "the-first"}
    assert here.operate("preview")["wuxi"].record.error is None
    here.looks.uids = {"wuxi": "the-second"}  # a preview alone binds nothing
    assert here.operate("up")["wuxi"].record.error is None
    here.looks.uids = {"wuxi": "a-third"}
    wrong = here.operate("destroy")["wuxi"]
    assert "leads to the cluster a-third" in (wrong.record.error or "")
    assert "rehearsal.wuxi was made in the cluster the-second" in (wrong.record.error or "")
    assert [finding.severity for finding in wrong.findings] == [Severity.ERROR]
    here.looks.uids = {"wuxi": "the-second"}
    assert here.operate("destroy")["wuxi"].record.error is None
    here.looks.uids = {"wuxi": "a-third"}  # what is gone may be made anywhere
    assert here.operate("up")["wuxi"].record.error is None


def test_two_sites_in_one_cluster_are_refused(tmp_path: Path) -> None:
    here = world(tmp_path)
    here.looks.uids = {"suzhou": "the-same", "wuxi": "the-same"}
    outcomes = here.operate("up", parallel=1)
    assert outcomes["suzhou"].record.error is None
    assert "one and the same cluster" in (outcomes["wuxi"].record.error or "")


def test_an_api_server_that_dies_in_the_middle_is_told_as_such(tmp_path: Path) -> None:
    here = world(tmp_path, suzhou=[EndTold(seconds=1, error="Deployment city/login: EOF")])
    here.looks.dies = {"suzhou"}
    error = here.operate("up")["suzhou"].record.error or ""
    assert error.startswith("suzhou does not answer (Deployment city/login: EOF)")
    assert "what was done is kept; once it answers, up goes on from there" in error


def test_up_is_done_when_everything_is_ready(tmp_path: Path) -> None:
    record = world(tmp_path).operate("up")["suzhou"].record
    assert (record.ready, record.ready_seconds, record.error) == (True, 2.5, None)


def test_what_is_not_ready_is_the_error(tmp_path: Path) -> None:
    here = world(tmp_path)
    here.looks.missing = ("Deployment city/login: 0 of 4 replicas available",)
    record = here.operate("up")["suzhou"].record
    assert record.ready is False
    assert record.error == "not ready: Deployment city/login: 0 of 4 replicas available"


def test_what_a_destroy_left_is_the_error(tmp_path: Path) -> None:
    here = world(tmp_path, suzhou=[EndTold(seconds=1, deleted=7)])
    assert here.operate("destroy")["suzhou"].record.resources == 7
    here.looks.left = ("Namespace city",)
    assert "left behind: Namespace city" in (here.operate("destroy")["suzhou"].record.error or "")


def test_progress_counts_resources_over_all_sites(tmp_path: Path) -> None:
    step = StepTold(done=40, resource="Deployment city/login")
    here = world(tmp_path, suzhou=[step, NoteTold(text="a note"), EndTold(seconds=1)])
    outcome = here.operate("preview", parallel=1)["suzhou"]
    total = sum(resources_count(plan) for plan in FLEET.sites)
    assert {progress.total for progress in here.progress} == {total}
    assert here.progress[-1].done == total
    assert here.progress[-1].seconds_left == 0
    assert any("suzhou: Deployment city/login" in p.text for p in here.progress)
    assert outcome.notes == ("a note",)


def test_the_order_says_what_the_worker_needs(tmp_path: Path) -> None:
    here = world(tmp_path)
    here.operate("up")
    order = here.supervisor.orders[0]
    assert (order.operation, order.stack) == ("up", "rehearsal.main")
    assert (order.folder / "Pulumi.yaml").is_file()


def resumed(here: World) -> set[str]:
    """The sites that an `up` works on when it leaves out what stands."""
    before = len(here.supervisor.orders)
    outcomes = here.operate("up", skip_standing=True)
    assert all(outcome.record.error is None for outcome in outcomes.values())
    worked = {order.site for order in here.supervisor.orders[before:]}
    assert worked == {site for site, outcome in outcomes.items() if not outcome.skipped}
    return worked


def test_after_a_failure_only_what_does_not_stand_is_done_again(tmp_path: Path) -> None:
    here = world(tmp_path, suzhou=[EndTold(seconds=1, error="connection refused")])
    assert here.operate("up")["suzhou"].record.error
    here.supervisor.told["suzhou"] = [EndTold(seconds=1, created=5)]
    assert resumed(here) == {"suzhou"}
    assert resumed(here) == set()


def test_what_stands_is_told_with_its_resources_and_is_ready(tmp_path: Path) -> None:
    here = world(tmp_path)
    here.operate("up")
    outcome = here.operate("up", skip_standing=True)["wuxi"]
    assert (outcome.record.same, outcome.record.ready) == (5, True)
    assert "stands by the up of" in outcome.notes[0]
    assert "--again" in outcome.notes[0]


def test_without_a_word_about_skipping_everything_is_done(tmp_path: Path) -> None:
    here = world(tmp_path)
    here.operate("up")
    here.operate("up")
    assert len(here.supervisor.orders) == 2 * len(FLEET.sites)


def test_a_worker_that_was_killed_leaves_nothing_that_stands(tmp_path: Path) -> None:
    here = world(tmp_path)
    here.operate("up")
    here.supervisor.told["main"] = []
    here.operate("up")
    here.supervisor.told["main"] = [EndTold(seconds=1, created=5)]
    assert resumed(here) == {"main"}


def test_what_is_gone_from_the_cluster_is_done_again(tmp_path: Path) -> None:
    here = world(tmp_path)
    here.operate("up")
    here.looks.gone = {"wuxi"}
    assert resumed(here) == {"wuxi"}


@pytest.mark.parametrize(
    ("operation", "told"),
    [("drift", EndTold(seconds=1, updated=1)), ("destroy", EndTold(seconds=1, deleted=5))],
)
def test_drift_and_destruction_end_what_stands(
    tmp_path: Path, operation: Operation, told: EndTold
) -> None:
    here = world(tmp_path)
    here.operate("up")
    here.supervisor.told["suzhou"] = [told]
    here.operate(operation)
    here.supervisor.told["suzhou"] = [EndTold(seconds=1, created=5)]
    assert "suzhou" in resumed(here)


def test_time_left_is_told_from_the_pace() -> None:
    now = [0.0]
    told: list[FleetProgress] = []
    progress = Progress({"a": 50, "b": 50}, told.append, clock=lambda: now[0])
    now[0] = 1.0
    progress.step("a", 2, "x")
    assert told[-1].seconds_left is None
    now[0] = 10.0
    progress.step("a", 20, "x")
    assert told[-1].seconds_left == 40.0
    progress.end("a", "done")
    assert (told[-1].done, told[-1].text) == (50, "1 of 2 sites · a: done")


@pytest.mark.parametrize("operation", ["preview", "up"])
def test_a_pool_that_would_shrink_stops_its_site_before_pulumi(
    tmp_path: Path, operation: Operation
) -> None:
    stands(tmp_path, "rehearsal.suzhou", {"storage": {"resources": 6e14}})
    here = world(tmp_path)
    outcomes = here.operate(operation)
    assert outcomes["suzhou"].record.error == (
        "pools-never-shrink: pool resources at suzhou: 600.0 TB usable stand, 0.0 TB are planned"
    )
    assert [finding.rule for finding in outcomes["suzhou"].findings] == ["pools-never-shrink"]
    assert {order.site for order in here.supervisor.orders} == {"main", "wuxi"}


def test_a_stack_with_larger_pools_can_be_destroyed(tmp_path: Path) -> None:
    stands(tmp_path, "rehearsal.suzhou", {"storage": {"resources": 6e14}})
    assert world(tmp_path).operate("destroy")["suzhou"].record.error is None


def stands(folder: Path, stack: str, outputs: Mapping[str, object]) -> None:
    """Pulumi's state of a stack with these outputs."""
    file = folder / "state/pulumi/backend/.pulumi/stacks/suyun" / f"{stack}.json"
    file.parent.mkdir(parents=True)
    resource = {"type": "pulumi:pulumi:Stack", "outputs": outputs}
    file.write_text(json.dumps({"checkpoint": {"latest": {"resources": [resource]}}}))
