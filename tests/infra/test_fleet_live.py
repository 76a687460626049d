"""The fleet against a real control plane. Each test begins and ends with an empty cluster."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest
import yaml
from kubernetes import client
from kubernetes.dynamic import DynamicClient

from infra.fleet.addresses import addresses_of
from infra.fleet.engine import FleetProgress, StackOutcome
from infra.fleet.errors import FleetError
from infra.fleet.identity import require_site
from infra.fleet.pools import ceph_of
from infra.fleet.quotas import quotas_of
from infra.plan.site import plan_site
from infra.plan.size import resources_count
from processes.leftovers import MARK
from processes.supervisor import Command
from province.province import Province
from province.sites import Purpose
from province.storage import POOLS
from tests import worlds
from tests.infra.live_fleet import PACK, LiveFleet, live_fleet
from tests.infra.recorded import record

CUSTOM_GROUPS = (
    "kueue.x-k8s.io",
    "monitoring.coreos.com",
    "postgresql.cnpg.io",
    "velero.io",
    "ceph.rook.io",
)
pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveFleet]:
    with live_fleet(tmp_path_factory.mktemp("fleet")) as standing:
        yield standing


@pytest.fixture(autouse=True)
def _empty_again(fleet: LiveFleet) -> Iterator[None]:
    yield
    assert fleet.operate("destroy").record.error is None


def require_good(outcome: StackOutcome) -> StackOutcome:
    assert outcome.record.error is None, outcome.record.error
    return outcome


def test_a_site_comes_up_stays_as_it_is_and_goes_without_a_trace(fleet: LiveFleet) -> None:
    planned = resources_count(fleet.target.plan)
    preview = require_good(fleet.operate("preview", fleet.engine(pack=PACK)))
    assert (preview.record.created, preview.findings) == (planned, ())
    assert preview.rules > 0
    up = require_good(fleet.operate("up", fleet.engine(pack=PACK)))
    assert (up.record.created, up.record.resources, up.record.ready) == (planned, planned, True)
    fewer_disks = worlds.with_pool(worlds.small(), "main", Purpose.STORAGE, disks=11)
    assert refused(fleet, fewer_disks) == ["pools-never-shrink"] * len(POOLS)
    moved = worlds.with_site(worlds.small(), "main", backup_partner="xuzhou")
    assert refused(fleet, moved) == ["copies-are-moved-before-they-are-left"]
    second = require_good(fleet.operate("second-preview"))
    assert (second.record.changes, second.record.same) == (0, planned)
    assert require_good(fleet.operate("drift")).drift == ()
    quotas = quotas_of(fleet.target.plan, fleet.target.kubeconfig)
    assert {(quota.kind, quota.name): quota.cpu_millis for quota in quotas} == planned_cpu(fleet)
    (ceph,) = ceph_of(fleet.target.plan, fleet.target.kubeconfig)
    assert {pool.name: pool.usable_bytes for pool in ceph.pools} == planned_bytes(fleet)
    require_dual_stack(fleet)
    gone = require_good(fleet.operate("destroy"))
    assert gone.record.deleted == planned
    with fleet.api() as api:
        names = {n.metadata.name for n in client.CoreV1Api(api).list_namespace().items}
    assert not names & {namespace.name for namespace in fleet.target.plan.namespaces}


def require_dual_stack(fleet: LiveFleet) -> None:
    """The API server gave each Service two planned addresses; each Gateway has its own two."""
    plan = fleet.target.plan
    doors = addresses_of(plan, fleet.target.kubeconfig)
    assert all(door.is_dual_stack for door in doors)
    services = {(door.namespace, door.name) for door in doors if door.kind == "Service"}
    assert services >= {(workload.namespace, workload.name) for workload in plan.deployments}
    gateways = {d.name: tuple(map(str, d.addresses)) for d in doors if d.kind == "Gateway"}
    assert gateways == {door.name: door.addresses for door in plan.doors}
    given = [address for door in doors if door.kind == "Service" for address in door.addresses]
    assert all(
        any(
            address in network
            for network in (plan.addresses.services.ipv4, plan.addresses.services.ipv6)
        )
        for address in given
    )


def refused(fleet: LiveFleet, world: Province) -> list[str]:
    """The rules that a preview breaks, if the province became that one."""
    plan = plan_site(world, "main", "rehearsal")
    target = dataclasses.replace(fleet.target, plan=plan)
    (outcome,) = fleet.run(fleet.engine().operate("preview", [target], lambda _: None))
    return [finding.rule for finding in outcome.findings]


def test_a_branchs_custom_resources_pass_the_real_definitions(fleet: LiveFleet) -> None:
    """Each custom resource of a branch is sent for a dry run, as Pulumi would send it."""
    branch, main = (plan_site(worlds.small(), site, "rehearsal") for site in ("suzhou", "main"))
    users = [one for one in record(main).all if one.inputs.get("kind") == "CephObjectStoreUser"]
    registered = (*record(branch).all, *users)
    sent = [_whole(r.inputs) for r in registered if "." in r.inputs.get("apiVersion", "")]
    custom = [body for body in sent if body["apiVersion"].split("/")[0] in CUSTOM_GROUPS]
    with fleet.api() as api:
        dynamic = DynamicClient(api)
        for body in custom:
            kind = dynamic.resources.get(api_version=body["apiVersion"], kind=body["kind"])
            namespace = "default" if kind.namespaced else None
            body["metadata"]["namespace"] = namespace
            made = kind.create(body=body, namespace=namespace, dry_run="All")
            assert made.metadata.name == body["metadata"]["name"]
    kinds = {body["kind"] for body in custom}
    assert kinds >= {"ClusterQueue", "Cluster", "Schedule", "CephCluster", "CephObjectZone"}
    assert "CephObjectStoreUser" in kinds


def _whole(inputs: dict[str, Any]) -> dict[str, Any]:
    """The mocks' numbers all have a fraction; the provider sends none where it is zero."""

    def number(text: str) -> float:
        return int(float(text)) if float(text).is_integer() else float(text)

    body: dict[str, Any] = json.loads(json.dumps(inputs), parse_float=number)
    return body


def planned_bytes(fleet: LiveFleet) -> dict[str, int]:
    storage = fleet.target.plan.storage
    return storage.usable_bytes if storage else {}


def planned_cpu(fleet: LiveFleet) -> dict[tuple[str, str], int]:
    plan = fleet.target.plan
    walls = {("ResourceQuota", n.name): n.quota.cpu_millis for n in plan.namespaces}
    return walls | {("ClusterQueue", q.name): q.nominal.cpu_millis for q in plan.compute.queues}


def test_changes_by_hand_are_named_and_mended(fleet: LiveFleet) -> None:
    require_good(fleet.operate("up"))
    with fleet.api() as api:
        image = {"name": "video", "image": "registry.example/other:latest"}
        patch = {"spec": {"template": {"spec": {"containers": [image]}}}}
        client.AppsV1Api(api).patch_namespaced_deployment("video", "province", patch)
        client.NetworkingV1Api(api).delete_namespaced_network_policy("default-deny", "province")
    drift = {(d.resource, d.field): d for d in require_good(fleet.operate("drift")).drift}
    changed = drift.pop(("Deployment province/video", "spec.template.spec.containers[0].image"))
    assert changed.live == "registry.example/other:latest"
    assert (changed.code or "").startswith("registry.suyun.example/platform/video@sha256:")
    gone = drift.pop(("NetworkPolicy province/default-deny", "(the whole object)"))
    assert (gone.code, gone.live) == ("present", None)
    assert drift == {}
    mended = require_good(fleet.operate("up"))
    assert (mended.record.created, mended.record.updated) == (1, 1)
    assert require_good(fleet.operate("drift")).drift == ()


def test_an_up_that_is_killed_and_then_loses_its_api_server_is_done_again(
    fleet: LiveFleet,
) -> None:
    """One test for both: to begin with and end with an empty cluster takes long."""

    async def cut_off(after: int, victims: Callable[[], list[psutil.Process]]) -> StackOutcome:
        told: list[FleetProgress] = []
        work = asyncio.ensure_future(fleet.started("up", told))
        while not any(progress.done > after for progress in told):
            await asyncio.sleep(0.05)
            assert not work.done()
        for process in victims():
            process.send_signal(signal.SIGKILL)
        (outcome,) = await work
        return outcome

    killed = fleet.run(cut_off(20, lambda: workers(fleet)))
    assert "without a word" in (killed.record.error or "")
    assert list(fleet.folder.rglob("*.attrs")) == []  # a kill would leave one that can't be read
    server = api_server(fleet)
    argv, log = tuple(server.cmdline()), fleet.folder / "api-server.log"
    lost = fleet.run(cut_off(40, lambda: [server]))
    assert any("cancelled the lock" in note for note in lost.notes)
    assert (lost.record.error or "").startswith("the cluster of main does not answer")
    assert "what was done is kept" in (lost.record.error or "")
    fleet.run(fleet.supervisor.start(Command(name="kube-apiserver", argv=argv, log=log)))
    fleet.run(answers(fleet))
    again = require_good(fleet.operate("up"))
    assert (again.record.ready, again.record.resources) == (
        True,
        resources_count(fleet.target.plan),
    )
    assert again.record.created < again.record.resources
    assert require_good(fleet.operate("second-preview")).record.changes == 0
    resumed = fleet.engine().operate("up", [fleet.target], [].append, skip_standing=True)
    (stands,) = fleet.run(resumed)
    assert stands.skipped


def test_a_cancelled_up_leaves_no_process_and_no_lock(fleet: LiveFleet) -> None:
    async def cancelled() -> None:
        told: list[FleetProgress] = []
        work = asyncio.ensure_future(fleet.started("up", told))
        while not any(progress.done > 20 for progress in told):
            await asyncio.sleep(0.05)
            assert not work.done()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    fleet.run(cancelled())
    assert workers(fleet) == []
    again = require_good(fleet.operate("up"))
    assert again.notes == ()


def test_a_deployment_without_limits_stops_the_preview(fleet: LiveFleet) -> None:
    without = worlds.with_workload(worlds.small(), "video", limits=None)
    outcome = fleet.operate("preview", fleet.engine(province=without, pack=PACK))
    assert "stopped by" in (outcome.record.error or "")
    assert {finding.rule for finding in outcome.findings} == {"containers-have-limits"}
    assert outcome.findings[0].subject == "Deployment province/video at main"
    assert "limits" in outcome.findings[0].hint


def api_server(fleet: LiveFleet) -> psutil.Process:
    """The one of this fleet's control plane, by the kubeconfig's own address."""
    address = yaml.safe_load(fleet.target.kubeconfig.read_text())["clusters"][0]["cluster"][
        "server"
    ]
    host = address.removeprefix("https://").partition(":")[0]
    (server,) = (
        process
        for process in psutil.process_iter()
        if process.name() == "kube-apiserver" and any(host in word for word in process.cmdline())
    )
    return server


async def answers(fleet: LiveFleet) -> None:
    """Waits for an API server that was just started."""
    for _ in range(200):
        with suppress(FleetError):
            await asyncio.to_thread(require_site, fleet.target.plan, fleet.target.kubeconfig)
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the API server does not answer")


def workers(fleet: LiveFleet) -> list[psutil.Process]:
    """Workers, engines and plugins of this fleet; the control plane is not among them."""
    return [
        process
        for process in psutil.process_iter()
        if _is_worker(process, str(fleet.supervisor.owner))
    ]


def _is_worker(process: psutil.Process, owner: str) -> bool:
    try:
        environment = process.environ()
    except psutil.Error:
        return False
    return environment.get(MARK) == owner and "SUYUN_PULUMI" in environment
