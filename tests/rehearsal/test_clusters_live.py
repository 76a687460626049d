"""Cluster API end to end: Pulumi makes the objects, the machine room makes the branch."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Coroutine, Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, TypeVar

import pytest

from evidence.records import BootRecord
from infra.fleet.clusters import branch_kubeconfigs
from infra.fleet.engine import FleetEngine, Operation, SiteTarget, StackOutcome
from infra.fleet.errors import WrongClusterError
from infra.fleet.identity import require_site
from infra.plan.clusters import plan_clusters
from infra.plan.size import resources_count
from processes.ports import require_free
from processes.supervisor import Supervisor
from rehearsal.clusters import paths
from rehearsal.clusters.definitions import management_folders
from rehearsal.clusters.provider import ClusterProvider
from rehearsal.machine_room.commands import PROGRAMS
from rehearsal.machine_room.layout import PORTS
from rehearsal.machine_room.room import MachineRoom
from tests import binaries, worlds
from tests.processes.conftest import until
from tests.rehearsal.cluster_world import fleet, pair
from tests.rehearsal.room_world import Caller, assets

pytestmark = [pytest.mark.live, pytest.mark.slow]

NETWORK = IPv4Network("127.63.0.0/16")
PLAN = plan_clusters(fleet())
DEPLOYMENT = f"{paths.DEPLOYMENTS}/suzhou-platform"
T = TypeVar("T")


class Province:
    """A main site that manages clusters, and an engine that asks for them."""

    def __init__(self, folder: Path, runner: asyncio.Runner, supervisor: Supervisor) -> None:
        self.folder = folder
        self.runner = runner
        self.supervisor = supervisor
        self.records: list[BootRecord] = []
        tools = binaries.require(*PROGRAMS)
        self.found = assets()
        stages = self.found["kwok-stages"]
        self.room = MachineRoom(folder / "room", supervisor, tools, stages, (), NETWORK)
        self.provider = ClusterProvider(self.room, "main", self.records.append)
        self.file = worlds.write(pair(), folder / "province.yaml")
        self.kubeconfig = folder / "room" / "main" / "kubeconfig"

    async def begin(self) -> None:
        await self.room.open(fleet().sites, management_folders(self.found))
        await self.room.boot_site("main")
        self.provider.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(self.provider.beside(work))

    def wait(self, condition: Any, seconds: float = 30) -> None:  # noqa: ANN401 - any condition
        """Until it holds, while the provider goes on."""
        self.run(asyncio.to_thread(until, condition, seconds))

    def operate(self, operation: Operation) -> StackOutcome:
        engine = FleetEngine(
            state=self.folder,
            supervisor=self.supervisor,
            binaries=binaries.require("pulumi", "pulumi-resource-kubernetes"),
            policy_pack=None,
            province_file=self.file,
            parallel=2,
        )
        target = SiteTarget(plan=PLAN, kubeconfig=self.kubeconfig)
        (outcome,) = self.run(engine.operate(operation, [target], lambda _: None))
        assert outcome.record.error is None, outcome
        return outcome


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    folder = tmp_path_factory.mktemp("clusters")
    supervisor = Supervisor(folder / "owner")
    with asyncio.Runner() as runner:
        runner.run(supervisor.__aenter__())
        made = Province(folder, runner, supervisor)
        try:
            runner.run(made.begin())
            yield made
        finally:
            runner.run(made.provider.stop())
            runner.run(supervisor.__aexit__(None, None, None))


def test_a_branch_comes_is_scaled_is_mended_and_goes(province: Province) -> None:
    """One test, because a branch takes its time to boot."""
    up = province.operate("up")
    assert (up.record.ready, up.record.created) == (True, resources_count(PLAN))
    (record,) = province.records
    assert (record.site, record.nodes_ready, record.nodes_planned) == ("suzhou", 16, 16)
    main = Caller.of(province.kubeconfig, province.folder)
    branch = _the_way_in_is_the_secret(province, main)
    _another_sites_way_in_is_refused(province)
    _statuses_keep_the_contract(main)
    _scaling_adds_nodes(province, main, branch)
    _a_deleted_machine_comes_anew(province, main, branch)
    assert province.operate("destroy").record.deleted == resources_count(PLAN)
    require_free([("127.63.2.1", port) for port in PORTS])
    assert main.call("/readyz")[0] == 200


def _the_way_in_is_the_secret(province: Province, main: Caller) -> Caller:
    files = branch_kubeconfigs(PLAN, province.kubeconfig, province.folder / "ways", ["suzhou"])
    assert files["suzhou"].stat().st_mode & 0o777 == 0o600
    _, secret = main.call(f"{paths.SECRETS}/suzhou-kubeconfig")
    assert secret["type"] == "cluster.x-k8s.io/secret"
    assert base64.b64decode(secret["data"]["value"]) == files["suzhou"].read_bytes()
    branch = Caller.of(files["suzhou"], province.folder)
    _, nodes = branch.call("/api/v1/nodes")
    planned = {node.name: node for node in fleet().site("suzhou").nodes}
    found = {item["metadata"]["name"]: item for item in nodes["items"]}
    assert set(found) == set(planned)
    for name, node in planned.items():
        assert node.labels.items() <= found[name]["metadata"]["labels"].items()
        assert found[name]["status"]["capacity"]["memory"] == f"{node.memory_gib}Gi"
    return branch


def _another_sites_way_in_is_refused(province: Province) -> None:
    with pytest.raises(WrongClusterError, match="of main leads to the cluster of suzhou"):
        require_site(PLAN, province.folder / "ways" / "suzhou.yaml")


def _statuses_keep_the_contract(main: Caller) -> None:
    cluster = main.call(f"{paths.CLUSTERS}/suzhou")[1]
    assert cluster["status"]["initialization"] == {
        "controlPlaneInitialized": True,
        "infrastructureProvisioned": True,
    }
    assert cluster["status"]["phase"] == "Provisioned"
    assert cluster["spec"]["controlPlaneEndpoint"] == {"host": "127.63.2.1", "port": 6443}
    control = main.call(f"{paths.CONTROL_PLANES}/suzhou")[1]["status"]
    assert (control["availableReplicas"], control["version"]) == (3, "v1.34.4")
    machine = main.call(f"{paths.MACHINES}/suzhou-edge-01")[1]["status"]
    assert (machine["phase"], machine["nodeRef"]) == ("Running", {"name": "suzhou-edge-01"})
    check = main.call(f"{paths.HEALTH_CHECKS}/suzhou-workers")[1]["status"]
    assert (check["expectedMachines"], check["currentHealthy"]) == (13, 13)


def _scaling_adds_nodes(province: Province, main: Caller, branch: Caller) -> None:
    _scale(main, 6)
    province.wait(lambda: _platform_nodes(branch) == 6)
    (field,) = province.operate("drift").drift  # what the provider fills in is nobody's change
    assert (field.resource, field.field) == (
        "MachineDeployment MachineDeployment/suzhou-platform",
        "spec.replicas",
    )
    assert (field.code, field.live) == ("4", "6")
    _scale(main, 4)
    province.wait(lambda: _platform_nodes(branch) == 4)
    province.wait(lambda: main.call(DEPLOYMENT)[1]["status"]["replicas"] == 4)


def _scale(main: Caller, replicas: int) -> None:
    assert main.call(DEPLOYMENT, "PATCH", {"spec": {"replicas": replicas}})[0] == 200


def _a_deleted_machine_comes_anew(province: Province, main: Caller, branch: Caller) -> None:
    machine, node = f"{paths.MACHINES}/suzhou-platform-02", "/api/v1/nodes/suzhou-platform-02"
    before = main.call(machine)[1]["metadata"]["uid"], branch.call(node)[1]["metadata"]["uid"]
    assert main.call(machine, "DELETE")[0] == 200
    province.wait(lambda: _uid(main, machine) not in (None, before[0]))
    province.wait(lambda: _uid(branch, node) not in (None, before[1]))
    province.wait(lambda: _is_available(main))


def _is_available(main: Caller) -> bool:
    conditions = main.call(f"{paths.CLUSTERS}/suzhou")[1]["status"]["conditions"]
    return {c["type"]: c["status"] for c in conditions}["Available"] == "True"


def _uid(caller: Caller, path: str) -> str | None:
    status, item = caller.call(path)
    return str(item["metadata"]["uid"]) if status == 200 else None


def _platform_nodes(branch: Caller) -> int:
    _, nodes = branch.call("/api/v1/nodes?labelSelector=suyun.io/pool=platform")
    return len(nodes["items"])
