"""Clusters for the fleet commands: the machine room's, started when needed, or given ones."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.fleet.clusters import branch_kubeconfigs, missing_clusters
from infra.fleet.engine import FleetEngine, SiteTarget
from infra.fleet.errors import FleetError
from infra.plan.clusters import ClustersPlan, plan_clusters
from infra.plan.fleet import plan_fleet
from infra.plan.values import FleetPlan, SitePlan
from processes.beside import beside
from processes.supervisor import Supervisor
from province.reader import read
from rehearsal.machine_room import daemon
from rehearsal.machine_room.commands import PROGRAMS
from rehearsal.machine_room.daemon import RoomStatus
from release.errors import InputError
from release.narrator import Narrator, Step
from release.steps import fleet_step
from release.tooling import tooled
from release.workspace import Workspace

REHEARSAL = "rehearsal"
PULUMI = ("pulumi", "pulumi-resource-kubernetes")
"""What brings stacks up, the one that makes the branches' clusters too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """The clusters to work in. `clusters` is the stack that makes the branches' clusters.

    `given` are kubeconfigs that are there already; those of branches made by Cluster API are taken
    from their Secrets, and kept in `folder`. `is_ours` says whether they are made that way.
    """

    clusters: SiteTarget | None
    given: Mapping[str, Path]
    folder: Path
    is_ours: bool

    def targets(self, plans: Sequence[SitePlan]) -> tuple[SiteTarget, ...]:
        """The plans with their clusters. Blocks. Raises FleetError when a cluster is not there."""
        missing = [plan.site for plan in plans if plan.site not in self.given]
        found = dict(self.given)
        if self.clusters is not None and missing:
            clusters, kubeconfig = self.clusters.plan, self.clusters.kubeconfig
            assert isinstance(clusters, ClustersPlan)  # noqa: S101 - by construction
            found |= branch_kubeconfigs(clusters, kubeconfig, self.folder, missing)
        return tuple(SiteTarget(plan=plan, kubeconfig=found[plan.site]) for plan in plans)


async def stand(
    workspace: Workspace, province_file: Path, narrator: Narrator, binaries: Mapping[str, Path]
) -> RoomStatus:
    """The machine room's status once all sites stand; it is booted when none does.

    The branches are brought up through Cluster API objects, unless they stand already. Raises
    ProcessError and FleetError when they do not. Interrupted, it ends a room that it began.
    """
    if daemon.status(workspace.state) is not None:
        return await _whole(workspace, province_file, narrator, binaries)
    await tooled(workspace, narrator, PROGRAMS)
    # A new room's clusters are empty: what Pulumi knows of an earlier room's is void.
    shutil.rmtree(fleet_folder(workspace, REHEARSAL), ignore_errors=True)
    narrator.say("starting the machine room; ./suyun room stop ends it")
    try:
        await asyncio.to_thread(
            daemon.start_detached, workspace.state, province_file, workspace.cache
        )
        return await _whole(workspace, province_file, narrator, binaries)
    except asyncio.CancelledError:
        await asyncio.to_thread(daemon.stop, workspace.state)
        raise


def fleet_folder(workspace: Workspace, environment: str) -> Path:
    """Where the fleet commands keep an environment's stacks."""
    return workspace.state / f"fleet-{environment}"


def room_ground(workspace: Workspace, room: RoomStatus, fleet: FleetPlan) -> Ground:
    """The room's clusters. Raises InputError when the room is of other sites."""
    _require_sites(room, fleet)
    return _ground(workspace, fleet, {fleet.main.site: room.sites[fleet.main.site]}, is_ours=True)


def given_ground(workspace: Workspace, folder: Path | None, fleet: FleetPlan) -> Ground:
    """The kubeconfigs `<site>.yaml` of a folder; branches that have none are Cluster API's.

    Raises InputError when there is none of the main site, whose cluster manages the others.
    """
    if folder is None:
        raise InputError(
            "production needs the clusters' kubeconfigs",
            "name a folder of <site>.yaml files with --kubeconfigs",
        )
    files = {plan.site: folder / f"{plan.site}.yaml" for plan in fleet.sites}
    given = {site: file for site, file in files.items() if file.is_file()}
    if fleet.main.site not in given and len(given) < len(files):
        missing = ", ".join(site for site in files if site not in given)
        raise InputError(
            f"{folder} has no kubeconfig for {missing}",
            f"put {fleet.main.site}.yaml there, whose cluster makes the branches', "
            "or <site>.yaml for each site",
        )
    return _ground(workspace, fleet, given, is_ours=len(given) < len(files))


def _ground(
    workspace: Workspace, fleet: FleetPlan, given: Mapping[str, Path], *, is_ours: bool
) -> Ground:
    main = given.get(fleet.main.site)
    return Ground(
        clusters=SiteTarget(plan=plan_clusters(fleet), kubeconfig=main) if main else None,
        given=given,
        folder=fleet_folder(workspace, fleet.environment) / "kubeconfigs",
        is_ours=is_ours,
    )


async def _whole(
    workspace: Workspace, province_file: Path, narrator: Narrator, binaries: Mapping[str, Path]
) -> RoomStatus:
    """Waits for the main site, then has it make the clusters that are not there."""
    with narrator.stage("machine-room", "waiting for the main site"):
        room = await daemon.wait_ready(
            workspace.state,
            lambda ready, total: narrator.step(
                Step(done=ready, total=total, text=f"{ready} of {total} control planes are ready")
            ),
        )
    fleet = plan_fleet(read(province_file), REHEARSAL)
    _require_sites(room, fleet)
    clusters = room_ground(workspace, room, fleet).clusters
    assert clusters is not None  # noqa: S101 - the room's main site is there
    if await asyncio.to_thread(missing_clusters, plan_clusters(fleet), clusters.kubeconfig):
        guard = asyncio.ensure_future(daemon.watch(workspace.state))
        try:
            await beside(guard, _raise(workspace, province_file, narrator, binaries, clusters))
        finally:
            guard.cancel()
            await asyncio.gather(guard, return_exceptions=True)
    return room


async def _raise(
    workspace: Workspace,
    province_file: Path,
    narrator: Narrator,
    binaries: Mapping[str, Path],
    clusters: SiteTarget,
) -> None:
    async with Supervisor(fleet_folder(workspace, REHEARSAL)) as supervisor:
        engine = FleetEngine(
            state=supervisor.owner,
            supervisor=supervisor,
            binaries=binaries,
            policy_pack=workspace.policy_pack,
            province_file=province_file,
            parallel=1,
        )
        with narrator.stage("clusters", "bringing the branches' clusters up"):
            (outcome,) = await engine.operate(
                "up", (clusters,), lambda p: narrator.step(fleet_step("up", p))
            )
    if outcome.record.error is not None:
        raise FleetError(
            f"the branches' clusters are not up: {outcome.record.error}",
            "./suyun up goes on where it stopped; ./suyun room status says what stands",
        )


def _require_sites(room: RoomStatus, fleet: FleetPlan) -> None:
    for plan in fleet.sites:
        if plan.site not in room.room_for:
            raise InputError(
                f"the machine room has no site '{plan.site}'",
                "it was started for another province: ./suyun room stop, then again",
            )
