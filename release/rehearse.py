"""The main job: stand the province up on this machine, load it, and judge what was seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence.records import BootRecord, PolicyRecord, StackRecord, StageRecord
from evidence.run import RunFolder
from evidence.verdict import Verdict
from infra.fleet.addresses import addresses_of
from infra.fleet.clusters import branch_kubeconfigs
from infra.fleet.engine import FleetEngine, Operation, SiteTarget, StackOutcome
from infra.fleet.pools import ceph_of
from infra.fleet.quotas import quotas_of
from infra.plan.clusters import plan_clusters
from infra.plan.fleet import plan_fleet
from infra.plan.values import FleetPlan
from processes.supervisor import Supervisor
from province.findings import errors
from province.province import Province
from province.reader import read
from rehearsal.clusters import definitions
from rehearsal.clusters.provider import ClusterProvider
from rehearsal.machine_room.room import MachineRoom
from rehearsal.toolchain.pins import CRDS, MANAGEMENT_CRDS
from rehearsal.toolchain.toolchain import Toolchain
from rehearsal.toolchain.values import Binary
from release import batch_stage, drill_stage
from release.batch_stage import BatchStage
from release.beginning import begin, empty
from release.crowd import Crowd
from release.drill_stage import DrillStage, DrillStageOrder
from release.errors import Explained, finding_line, told
from release.judge import Judgement, judge
from release.load_stage import LoadStage, require_room
from release.narrator import Narrator, Step
from release.placement_stage import PlacementStage
from release.publish import publish
from release.site_loss import planned_loss
from release.steps import fleet_step, tool_step
from release.storage_told import storage_records
from release.workspace import Workspace

ENVIRONMENT = "rehearsal"
BINARIES = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    "kueue",
    "pulumi",
    "pulumi-resource-kubernetes",
    "nginx",
)
ASSETS = (*CRDS, *MANAGEMENT_CRDS, "kwok-stages", *batch_stage.ASSETS)


@dataclass(frozen=True, kw_only=True, slots=True)
class RehearsalOrder:
    """What to rehearse: how many users, for how long, how many sites at a time, with drills?"""

    province_file: Path
    crowd: Crowd
    parallel: int
    drills: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A stage: what it is called, what it does, and which earlier ones it cannot do without."""

    name: str
    text: str
    work: StageWork
    needs: frozenset[str]


class Rehearsal:
    """One rehearsal. Every stage appends its evidence to the run folder before it ends.

    `failure` is what the tool or the machine did to a stage; the judge says UNKNOWN of it.
    """

    def __init__(self, order: RehearsalOrder, workspace: Workspace, narrator: Narrator) -> None:
        self.order = order
        self.workspace = workspace
        self.narrator = narrator
        self.province: Province = read(order.province_file)
        self.fleet: FleetPlan = plan_fleet(self.province, ENVIRONMENT)
        self.loss = planned_loss(order.crowd, self.province)
        self.folder = workspace.state / "rehearsal"
        self.failure: Exception | None = None
        self._binaries: Mapping[str, Binary] = {}
        self._assets: Mapping[str, Path] = {}
        self._targets: tuple[SiteTarget, ...] = ()
        self._room: MachineRoom | None = None
        self._clusters: tuple[SiteTarget, ...] = ()
        self._provider: ClusterProvider | None = None
        self._drills = self._drill_stage()

    async def run(self) -> Judgement:
        """All stages, then the judge, whatever became of them; the machine is then as before."""
        require_room(self.order.crowd.users)
        async with Supervisor(self.folder) as supervisor:
            self._say_what_was_left(supervisor)
            empty(supervisor)
            order = self.order
            run = await begin(
                self.workspace, supervisor, order.province_file, order.crowd, scope=ENVIRONMENT
            )
            self.narrator.say(
                f"run {run.id}: {order.crowd.users:,} users, {len(self.fleet.sites)} sites"
            )
            passed: set[str] = set()
            try:
                for stage in self._stages():
                    if stage.needs <= passed and await self._passes(stage, supervisor, run):
                        passed.add(stage.name)
            finally:
                await self._drills.close(supervisor)
                if self._provider is not None:
                    await self._provider.stop()
        return self._judge(run)

    def _stages(self) -> tuple[Stage, ...]:
        def stage(name: str, text: str, work: StageWork, *needs: str) -> Stage:
            return Stage(name=name, text=text, work=work, needs=frozenset(needs))

        drills = stage("drills", "breaking what holds data", self._drilled, "toolchain")
        return (
            stage("toolchain", "finding or building the tools", self._toolchain),
            stage("machine-room", "booting the control planes", self._machine_room, "toolchain"),
            stage("policies", "previewing under the policies", self._policies, "machine-room"),
            stage("deploy", "bringing every site up", self._deploy, "policies"),
            stage("placement", "taking away each site in turn", self._placement, "deploy"),
            stage("jobs", "sending a batch of jobs through one queue", self._jobs, "deploy"),
            stage("destroy", "taking every site down again", self._destroy, "deploy"),
            *((drills,) if self.order.drills else ()),
            stage("load", "users come, stay and go", self._load, "deploy"),
        )

    async def _passes(self, stage: Stage, supervisor: Supervisor, run: RunFolder) -> bool:
        started = time.monotonic()
        with self.narrator.stage(stage.name, stage.text):
            try:
                verdict, reason = await stage.work(supervisor, run)
            except Exception as error:
                if not isinstance(error, Explained | OSError):
                    raise
                self.failure = error
                verdict, reason = Verdict.UNKNOWN, told(error)
            seconds = time.monotonic() - started
            run.append(
                StageRecord(name=stage.name, seconds=seconds, verdict=verdict, reason=reason)
            )
            self.narrator.say(f"{verdict}: {reason}")
        return verdict is Verdict.PASS

    async def _toolchain(self, supervisor: Supervisor, run: RunFolder) -> Outcome:
        toolchain = Toolchain(self.workspace.cache, supervisor)
        self._binaries = await toolchain.ensure(
            BINARIES, lambda p: self.narrator.step(tool_step(p))
        )
        self._assets = await toolchain.assets(ASSETS)
        for binary in self._binaries.values():
            run.append(binary.record())
        return Verdict.PASS, f"{len(self._binaries)} tools"

    async def _machine_room(self, supervisor: Supervisor, run: RunFolder) -> Outcome:
        """Boots the main site, and has it make the branches through Cluster API objects.

        From here on drills go on beside: they mostly wait.
        """
        self._room = room = MachineRoom(
            self.folder / "machine-room",
            supervisor,
            self._paths(),
            stages=self._assets["kwok-stages"],
            crds=tuple(self._assets[name] for name in CRDS),
        )
        booted: list[BootRecord] = []

        def ready(record: BootRecord) -> None:
            run.append(record)
            booted.append(record)
            self.narrator.step(
                Step(done=len(booted), total=len(self.fleet.sites), text=f"{record.site} is ready")
            )

        started, main = time.monotonic(), self.fleet.main.site
        await room.open(self.fleet.sites, definitions.management_folders(self._assets))
        standing = await room.boot_site(main)
        ready(standing.record)
        self._provider = ClusterProvider(room, main, ready)
        self._provider.start()
        plan = plan_clusters(self.fleet)
        self._clusters = (SiteTarget(plan=plan, kubeconfig=standing.kubeconfig),)
        up = _outcome(await self._operate("up", self._clusters, supervisor, run), "stack")
        if up[0] is not Verdict.PASS:
            return up
        branches = [cluster.site for cluster in plan.clusters]
        ways = await asyncio.to_thread(
            branch_kubeconfigs, plan, standing.kubeconfig, self.folder / "kubeconfigs", branches
        )
        ways[main] = standing.kubeconfig
        self._targets = tuple(
            SiteTarget(plan=site, kubeconfig=ways[site.site]) for site in self.fleet.sites
        )
        if self.order.drills:
            self._drills.begin(supervisor, run)
        seconds = time.monotonic() - started
        return Verdict.PASS, (
            f"all {len(booted)} control planes ready after {seconds:.0f} s, "
            f"{len(branches)} of them through Cluster API"
        )

    async def _policies(self, supervisor: Supervisor, run: RunFolder) -> Outcome:
        outcomes = await self._operate("preview", self._targets, supervisor, run)
        for outcome in outcomes:
            run.append(
                PolicyRecord(
                    site=outcome.record.site,
                    rules=outcome.rules,
                    resources=outcome.record.resources,
                    findings=outcome.findings,
                )
            )
        broken = [finding for outcome in outcomes for finding in errors(outcome.findings)]
        for finding in broken:
            self.narrator.say(finding_line(finding))
        if broken:
            return Verdict.FAIL, f"{broken[0].rule}: {broken[0].subject} ({len(broken)} findings)"
        return _outcome(outcomes, "stacks previewed, no rule broken")

    async def _deploy(self, supervisor: Supervisor, run: RunFolder) -> Outcome:
        up = _outcome(await self._operate("up", self._targets, supervisor, run), "stacks up")
        if up[0] is not Verdict.PASS:
            return up
        for record in storage_records(self.fleet, self.province):
            run.append(record)
        await self._look_into_clusters(run)
        return up

    async def _placement(self, supervisor: Supervisor, run: RunFolder) -> Outcome:
        """Last of all the second preview, which reads the clusters anew: it sees drift too."""
        stage = PlacementStage(
            province=self.province, targets=self._targets, parallel=self.order.parallel
        )
        verdict, text = await stage.run(run, self.narrator.step)
        drifts = await self._operate("drift", self._every, supervisor, run)
        drifted = [field for outcome in drifts for field in outcome.drift]
        if verdict is not Verdict.PASS:
            return verdict, text
        if drifted:
            return Verdict.FAIL, f"{drifted[0].resource} has drifted ({len(drifted)} fields)"
        looked = _outcome(drifts, "stacks' second preview is empty, without drift")
        return (Verdict.PASS, f"{text}; {looked[1]}") if looked[0] is Verdict.PASS else looked

    async def _look_into_clusters(self, run: RunFolder) -> None:
        for target in self._targets:
            plan = self.fleet.site(target.plan.site)
            for look in (quotas_of, addresses_of, ceph_of):
                for record in await asyncio.to_thread(look, plan, target.kubeconfig):
                    run.append(record)

    async def _jobs(self, supervisor: Supervisor, run: RunFolder) -> Outcome:  # noqa: ARG002 - a stage's signature
        assert self._room is not None  # noqa: S101 - the stage needs those that boot it
        stage = BatchStage(
            fleet=self.fleet, targets=self._targets, room=self._room, assets=self._assets
        )
        return await stage.run(run, self.narrator.step)

    def _drill_stage(self) -> DrillStage:
        crowd = self.order.crowd
        order = DrillStageOrder(
            workspace=self.workspace,
            province_file=self.order.province_file,
            users=min(crowd.users, drill_stage.USERS_MAX),
            think_scale=min(crowd.think_scale, drill_stage.THINK_SCALE_MAX),
        )
        return DrillStage(order, self.narrator.say)

    async def _drilled(self, supervisor: Supervisor, run: RunFolder) -> Outcome:
        """Users at work take both cores, so the control planes make room for them."""
        await self._empty_room()
        return await self._drills.finish(supervisor, run, self.narrator.step)

    async def _empty_room(self) -> None:
        """The control planes take an eighth of two cores and 5 GiB even when idle."""
        if self._provider is not None:
            await self._provider.stop()
        if self._room is not None:
            await self._room.stop()

    async def _load(self, supervisor: Supervisor, run: RunFolder) -> Outcome:
        """The users have the machine to themselves: a generator that is disturbed is not valid."""
        await self._drills.close(supervisor)
        await self._empty_room()
        stage = LoadStage(
            crowd=self.order.crowd,
            province=self.province,
            province_file=self.order.province_file,
            gateways=tuple(plan.gateway for plan in self.fleet.sites),
            folder=self.folder / "load",
            nginx=self._binaries["nginx"].path,
            loss=self.loss,
        )
        return await stage.run(supervisor, run, self.narrator.step)

    async def _destroy(self, supervisor: Supervisor, run: RunFolder) -> Outcome:
        """What stands in the clusters first, then the clusters."""
        gone: tuple[StackOutcome, ...] = ()
        for targets in (self._targets, self._clusters):
            gone += await self._operate("destroy", targets, supervisor, run)
            if _outcome(gone, "")[0] is not Verdict.PASS:
                break
        return _outcome(gone, "stacks gone, nothing left")

    async def _operate(
        self,
        operation: Operation,
        targets: Sequence[SiteTarget],
        supervisor: Supervisor,
        run: RunFolder,
    ) -> tuple[StackOutcome, ...]:
        """One operation on those stacks, while the machine room keeps the branches."""
        engine = FleetEngine(
            state=self.folder,
            supervisor=supervisor,
            binaries=self._paths(),
            # These hold the cluster against the code, which was held against the rules before.
            policy_pack=(
                None if operation in {"second-preview", "drift"} else self.workspace.policy_pack
            ),
            province_file=self.order.province_file,
            parallel=self.order.parallel,
        )
        assert self._provider is not None  # noqa: S101 - the stage before has started it
        outcomes = await self._provider.beside(
            engine.operate(
                operation, targets, lambda p: self.narrator.step(fleet_step(operation, p))
            )
        )
        for outcome in outcomes:
            run.append(outcome.record)
        return outcomes

    @property
    def _every(self) -> tuple[SiteTarget, ...]:
        """The stack between the sites, then the sites' own."""
        return (*self._clusters, *self._targets)

    def _paths(self) -> dict[str, Path]:
        return {name: binary.path for name, binary in self._binaries.items()}

    def _say_what_was_left(self, supervisor: Supervisor) -> None:
        if supervisor.ended_at_start:
            left = supervisor.ended_at_start
            self.narrator.say(f"ended {left} processes that a killed run had left")

    def _judge(self, run: RunFolder) -> Judgement:
        started = time.monotonic()
        judge(run)
        run.append(
            StageRecord(
                name="judge",
                seconds=time.monotonic() - started,
                verdict=Verdict.PASS,
                reason="every claim judged from the run folder",
            )
        )
        judgement = judge(run)
        publish(run, judgement)
        return judgement


Outcome = tuple[Verdict, str]
StageWork = Callable[[Supervisor, RunFolder], Awaitable[Outcome]]


def _outcome(outcomes: Sequence[StackOutcome], text: str) -> Outcome:
    broken = [record for record in (o.record for o in outcomes) if _is_broken(record)]
    if broken:
        return Verdict.UNKNOWN, f"{broken[0].site}: {broken[0].error or 'not ready'}"
    return Verdict.PASS, f"{len(outcomes)} {text}"


def _is_broken(record: StackRecord) -> bool:
    return record.error is not None or record.ready is False
