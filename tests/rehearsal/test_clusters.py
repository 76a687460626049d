"""What the machine room decides about a cluster's objects, with an API that only remembers."""

from __future__ import annotations

import asyncio
import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.plan.cluster_objects import CLUSTER_LABEL, ObjectPlan, cluster_objects
from infra.plan.clusters import plan_clusters
from processes.beside import beside
from rehearsal.clusters import paths, seen
from rehearsal.clusters.desk import Desk, Seen
from rehearsal.clusters.machines import health, machine_name, moves, node_plan
from rehearsal.clusters.seen import HealthCheck, Machine, Node, NodeCondition, Owner, Size
from rehearsal.machine_room.api import ApiError
from tests.rehearsal.cluster_world import fleet

NOW = 1_800_000_000.0
PLAN = plan_clusters(fleet())
SITE = fleet().site("suzhou")
SIZE = Size(pool="platform", cpu_cores=16, memory_gib=64, pods_max=110, labels={}, taint=None)
KINDS = {
    "Cluster": paths.CLUSTERS,
    "KubeadmControlPlane": paths.CONTROL_PLANES,
    "MachineDeployment": paths.DEPLOYMENTS,
    "MachineHealthCheck": paths.HEALTH_CHECKS,
    "MachineRoomCluster": paths.INFRASTRUCTURES,
    "MachineRoomMachineTemplate": paths.TEMPLATES,
}


class MemoryApi:
    """An API server without a server: objects by path, generations, finalizers."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []

    def create(self, path: str, body: bytes) -> dict[str, Any]:
        item = json.loads(body)
        place = f"{path}/{item['metadata']['name']}"
        if place in self.objects:
            raise ApiError(409, f"{place} is there", "")
        self.calls.append(f"create {place}")
        metadata = {"uid": f"uid-{len(self.calls)}", "generation": 1, **item["metadata"]}
        self.objects[place] = {**item, "metadata": metadata}
        return copy.deepcopy(self.objects[place])

    def patch(self, path: str, body: bytes) -> dict[str, Any]:
        place = path.removesuffix("/status")
        if place not in self.objects:
            raise ApiError(404, f"{place} is not there", "")
        self.calls.append(f"patch {path}")
        _merge(self.objects[place], json.loads(body))
        self._sweep(place)
        return copy.deepcopy(self.objects.get(place, {}))

    def delete(self, path: str) -> None:
        if path not in self.objects:
            raise ApiError(404, f"{path} is not there", "")
        self.calls.append(f"delete {path}")
        self.objects[path]["metadata"]["deletionTimestamp"] = "2027-01-15T08:00:00Z"
        self._sweep(path)

    def of(self, path: str) -> dict[str, dict[str, Any]]:
        found = {p: i for p, i in self.objects.items() if p.rpartition("/")[0] == path}
        return {p.rpartition("/")[2]: copy.deepcopy(i) for p, i in found.items()}

    def _sweep(self, place: str) -> None:
        metadata = self.objects[place]["metadata"]
        if "deletionTimestamp" in metadata and not metadata.get("finalizers"):
            del self.objects[place]


def _merge(item: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(item.get(key), dict):
            _merge(item[key], value)
        else:
            item[key] = value


class World:
    """One branch's objects as Pulumi makes them, and the desk that works on them."""

    def __init__(self) -> None:
        self.management, self.branch, self.now = MemoryApi(), MemoryApi(), NOW
        self.desk = Desk(self.management, lambda: self.now)
        for made in cluster_objects(PLAN.clusters[0]):
            if made.kind in KINDS:
                self.management.create(KINDS[made.kind], _body(made))

    def look(self) -> Seen:
        nodes = self.branch.of(paths.NODES)
        return Seen(
            cluster=self.management.of(paths.CLUSTERS)["suzhou"],
            infrastructure=self.management.of(paths.INFRASTRUCTURES)["suzhou"],
            control_plane=self.management.of(paths.CONTROL_PLANES)["suzhou"],
            deployments=list(self.management.of(paths.DEPLOYMENTS).values()),
            checks=list(self.management.of(paths.HEALTH_CHECKS).values()),
            machines=list(self.management.of(paths.MACHINES).values()),
            templates=self.management.of(paths.TEMPLATES),
            is_synced=True,
            nodes={name: seen.node(item) for name, item in nodes.items()},
        )

    def turn(self) -> int:
        """One turn; how many calls it made."""
        before = len(self.management.calls) + len(self.branch.calls)
        self.desk.work(self.look(), SITE, self.branch)
        return len(self.management.calls) + len(self.branch.calls) - before

    def settle(self) -> None:
        """Turns until nothing is left to do, with every new node made ready as KWOK would."""
        for _ in range(10):
            for item in self.branch.objects.values():
                if "conditions" not in item["status"]:
                    item["status"]["conditions"] = [ready("True")]
            if not self.turn():
                return
        raise AssertionError("the desk never comes to rest")

    def status(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.management.objects[path]["status"]
        return found


def _body(made: ObjectPlan) -> bytes:
    metadata = {"name": made.name, "labels": {CLUSTER_LABEL: "suzhou"}}
    item = {"kind": made.kind, "metadata": metadata, "spec": made.spec}
    return json.dumps(item).encode()


def ready(status: str) -> dict[str, Any]:
    return {"type": "Ready", "status": status, "lastTransitionTime": "2027-01-15T08:00:00Z"}


@pytest.fixture
def standing() -> World:
    world = World()
    world.settle()
    return world


def conditions(status: dict[str, Any]) -> dict[str, str]:
    return {c["type"]: c["status"] for c in status["conditions"]}


def test_every_planned_machine_has_its_node_and_nothing_is_left_to_do(standing: World) -> None:
    nodes = standing.branch.of(paths.NODES)
    assert set(nodes) == {node.name for node in SITE.nodes}
    addresses = [node["status"]["addresses"][1]["address"] for node in nodes.values()]
    assert len(set(addresses)) == len(addresses)
    status = standing.status(f"{paths.CLUSTERS}/suzhou")
    assert conditions(status)["Available"] == "True"
    assert status["workers"]["availableReplicas"] == 13
    assert standing.turn() == 0


def test_what_is_not_ready_is_told(standing: World) -> None:
    standing.branch.objects[f"{paths.NODES}/suzhou-edge-01"]["status"]["conditions"] = []
    standing.turn()
    status = standing.status(f"{paths.CLUSTERS}/suzhou")
    (available,) = [c for c in status["conditions"] if c["type"] == "Available"]
    assert (available["status"], available["reason"]) == ("False", "NotAvailable")
    assert available["message"] == (
        "control plane: 3 of 3 machines are ready; workers: 12 of 13 machines are ready"
    )


def test_a_condition_keeps_its_time_while_it_stays(standing: World) -> None:
    path = f"{paths.DEPLOYMENTS}/suzhou-edge"
    (before,) = standing.status(path)["conditions"]
    standing.now += 100
    standing.management.objects[path]["metadata"]["generation"] = 2
    standing.settle()
    (after,) = standing.status(path)["conditions"]
    assert after == before
    assert standing.status(path)["observedGeneration"] == 2


@pytest.mark.parametrize("replicas", [1, 5])
def test_scaling_brings_and_takes_machines_from_the_end(standing: World, replicas: int) -> None:
    path = f"{paths.DEPLOYMENTS}/suzhou-platform"
    standing.management.objects[path]["spec"]["replicas"] = replicas
    standing.settle()
    nodes = [name for name in standing.branch.of(paths.NODES) if "platform" in name]
    assert sorted(nodes) == [f"suzhou-platform-{i + 1:02d}" for i in range(replicas)]
    assert standing.status(path)["replicas"] == replicas
    assert len(standing.management.of(paths.MACHINES)) == 12 + replicas


def test_a_deleted_machine_comes_anew_once_it_has_gone(standing: World) -> None:
    path, node = f"{paths.MACHINES}/suzhou-platform-02", f"{paths.NODES}/suzhou-platform-02"
    before = standing.management.objects[path]["metadata"]["uid"]
    old_node = standing.branch.objects[node]["metadata"]["uid"]
    standing.management.delete(path)
    assert path in standing.management.objects  # its finalizer holds it
    standing.turn()
    assert path not in standing.management.objects
    assert node not in standing.branch.objects
    standing.settle()
    assert standing.management.objects[path]["metadata"]["uid"] != before
    assert standing.branch.objects[node]["metadata"]["uid"] != old_node


def test_a_silent_machine_is_replaced_after_its_time(standing: World) -> None:
    node = f"{paths.NODES}/suzhou-edge-02"
    standing.branch.objects[node]["status"]["conditions"] = [ready("Unknown")]
    since = seen.node(standing.branch.objects[node]).conditions[0].since
    standing.now = since + 299
    standing.turn()
    assert not any(call.startswith("delete") for call in standing.management.calls)
    standing.now = since + 300
    standing.settle()
    assert f"delete {paths.MACHINES}/suzhou-edge-02" in standing.management.calls
    assert seen.node(standing.branch.objects[node]).is_ready


def test_what_has_gone_meanwhile_stops_nothing(standing: World) -> None:
    standing.management.delete(f"{paths.MACHINES}/suzhou-edge-02")
    del standing.branch.objects[f"{paths.NODES}/suzhou-edge-02"]
    standing.settle()
    assert f"{paths.NODES}/suzhou-edge-02" in standing.branch.objects


def test_a_cluster_is_held_until_it_is_torn_down(standing: World) -> None:
    path = f"{paths.CLUSTERS}/suzhou"
    standing.desk.hold(standing.look())
    standing.desk.hand_over(standing.look(), b"the way in", ("127.0.0.9", 6443))
    standing.desk.hand_over(standing.look(), b"a new way in", ("127.0.0.9", 6443))
    secret = standing.management.objects[f"{paths.SECRETS}/suzhou-kubeconfig"]
    assert (secret["type"], secret["data"]["value"]) == (
        "cluster.x-k8s.io/secret",
        "YSBuZXcgd2F5IGlu",
    )
    standing.management.delete(path)
    assert standing.look().is_deleting
    standing.desk.tear_down(standing.look())
    assert path not in standing.management.objects
    assert standing.management.of(paths.MACHINES) == {}
    assert standing.management.of(paths.SECRETS) == {}


def test_a_refusal_says_why(standing: World) -> None:
    standing.desk.refuse(standing.look(), "the machine room has no site suzhou")
    status = standing.status(f"{paths.CLUSTERS}/suzhou")
    messages = {c["type"]: c["message"] for c in status["conditions"]}
    assert messages["Available"] == "the machine room has no site suzhou"
    assert status["phase"] == "Provisioning"


def owner(replicas: int, size: Size | None = SIZE) -> Owner:
    return Owner(
        kind="MachineDeployment",
        name="suzhou-platform",
        uid="owner",
        generation=1,
        replicas=replicas,
        version="v1.34.4",
        labels={},
        template="suzhou-platform",
        size=size,
    )


def machine(name: str, *, deleting: bool = False) -> Machine:
    labels = {"suyun.io/pool": "platform"}
    return Machine(name=name, uid=name, owner_uid="owner", labels=labels, deleting=deleting)


@given(
    replicas=st.integers(0, 12),
    there=st.sets(st.integers(0, 15)),
    going=st.sets(st.integers(0, 15)),
    nodes=st.sets(st.integers(0, 15)),
)
def test_moves_lead_to_the_wanted_machines(
    replicas: int, there: set[int], going: set[int], nodes: set[int]
) -> None:
    it = owner(replicas)
    names = {i: machine_name(it, i) for i in range(16)}
    machines = [machine(names[i], deleting=i in going) for i in there]
    known = {names[i]: Node(name=names[i], conditions=()) for i in nodes}
    found = moves([it], machines, known)
    created = {machine_name(*want) for want in found.create}
    left = {m.name for m in machines} - set(found.delete) - set(found.release)
    wanted = {names[i] for i in range(replicas)}
    assert created | left | set(found.release) >= wanted
    assert left <= wanted
    assert not created & {m.name for m in machines}
    assert {machine_name(*want) for want in found.register} == left - set(known)


def test_machines_of_unknown_size_wait_and_strangers_are_left_alone() -> None:
    stranger = replace(machine("by-hand"), owner_uid="somebody")
    assert moves([owner(3, size=None)], [stranger], {}) == moves([], [], {})


def node(name: str, status: str, since: float) -> Node:
    return Node(name=name, conditions=(NodeCondition(type="Ready", status=status, since=since),))


@pytest.mark.parametrize(("silent", "replaced"), [(1, 1), (4, 4), (5, 0)])
def test_many_silent_machines_at_once_are_the_networks_fault(silent: int, replaced: int) -> None:
    check = HealthCheck(
        name="workers",
        generation=1,
        selector=({"key": "suyun.io/pool", "operator": "In", "values": ["platform"]},),
        conditions=(("Ready", "Unknown", 300),),
        at_most="40%",
    )
    machines = [machine(f"m{i}") for i in range(10)]
    nodes = {
        m.name: node(m.name, "Unknown" if i < silent else "True", NOW - 301)
        for i, m in enumerate(machines)
    }
    found = health(check, machines, nodes, NOW)
    assert (len(found.replace), found.healthy, len(found.expected)) == (replaced, 10 - silent, 10)


@pytest.mark.parametrize(
    ("operator", "values", "covered"),
    [
        ("In", ["edge"], False),
        ("NotIn", ["edge"], True),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
    ],
)
def test_selectors_are_read_as_kubernetes_has_them(
    operator: str,
    values: list[str],
    covered: bool,  # noqa: FBT001 - a table's column
) -> None:
    term = {"key": "suyun.io/pool", "operator": operator, "values": values}
    check = HealthCheck(name="x", generation=1, selector=(term,), conditions=(), at_most=1)
    assert check.covers(machine("m")) is covered


@given(indices=st.sets(st.integers(0, 200)))
def test_no_two_hosts_of_a_site_share_an_address(indices: set[int]) -> None:
    pools = sorted({node.purpose.value for node in SITE.nodes})
    numbers = [
        node_plan(SITE, replace(SIZE, pool=pool), f"{pool}-{index}", index)[1]
        for pool in pools
        for index in indices
    ]
    assert len(set(numbers)) == len(numbers)


def test_work_ends_with_what_it_stands_on() -> None:
    async def failing() -> None:
        await asyncio.sleep(0.01)
        raise ValueError("the ground is gone")

    async def scene() -> None:
        guard = asyncio.ensure_future(failing())
        with pytest.raises(ValueError, match="the ground is gone"):
            await beside(guard, asyncio.sleep(60))
        assert await beside(asyncio.get_running_loop().create_future(), _five()) == 5

    asyncio.run(scene())


async def _five() -> int:
    return 5
