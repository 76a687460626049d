"""Does what was decided about one cluster: calls to the management API and to the branch's own."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from infra.plan.values import SitePlan
from rehearsal.clusters import bodies, paths, seen, statuses
from rehearsal.clusters.machines import Health, health, machine_name, moves, node_plan
from rehearsal.clusters.seen import Machine, Node, Owner
from rehearsal.clusters.statuses import Clock, ClusterCount, Count, total
from rehearsal.machine_room.api import Answer, ApiError
from rehearsal.machine_room.objects import node_body


class Calls(Protocol):
    """What of an API the desk needs. Raises ApiError, OSError and http.client.HTTPException."""

    def create(self, path: str, body: bytes) -> Answer:
        """POSTs an object."""

    def patch(self, path: str, body: bytes) -> Answer:
        """Merges a patch."""

    def delete(self, path: str) -> None:
        """Asks for an object's end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One cluster's objects in the management cluster, as they are now, and its nodes."""

    cluster: Answer
    infrastructure: Answer | None
    control_plane: Answer | None
    deployments: Sequence[Answer]
    checks: Sequence[Answer]
    machines: Sequence[Answer]
    templates: Mapping[str, Answer]
    is_synced: bool
    nodes: Mapping[str, Node] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The cluster's name, which is its site's."""
        return str(self.cluster["metadata"]["name"])

    @property
    def is_whole(self) -> bool:
        """Whether all that a boot needs is there, and nobody asked to leave it alone."""
        return (
            self.is_synced
            and self.infrastructure is not None
            and self.control_plane is not None
            and not self.cluster["spec"].get("paused", False)
        )

    @property
    def is_deleting(self) -> bool:
        """Whether the cluster is to go."""
        return "deletionTimestamp" in self.cluster["metadata"]


class Desk:
    """One cluster's. `management` and `branch` are used by one thread at a time."""

    def __init__(self, management: Calls, clock: Callable[[], float] = time.time) -> None:
        self._management = management
        self._clock = clock

    def refuse(self, it: Seen, reason: str) -> None:
        """Says in the Cluster's conditions why it is not booted."""
        nothing = Count(wanted=0, there=0, ready=0)
        count = ClusterCount(initialized=False, control=nothing, workers=nothing, refused=reason)
        self._say(paths.CLUSTERS, it.cluster, statuses.cluster_status(it.cluster, count, self._now))

    def hold(self, it: Seen) -> None:
        """Sees to it that the Cluster is not gone before its control plane is."""
        kept = it.cluster["metadata"].get("finalizers", [])
        if bodies.CLUSTER_FINALIZER not in kept:
            self._finalizers(paths.CLUSTERS, it.name, [*kept, bodies.CLUSTER_FINALIZER])

    def hand_over(self, it: Seen, kubeconfig: bytes, address: tuple[str, int]) -> None:
        """Says where the new control plane is, and lays its kubeconfig into the Secret."""
        endpoint = {"spec": {"controlPlaneEndpoint": {"host": address[0], "port": address[1]}}}
        for path in (paths.INFRASTRUCTURES, paths.CLUSTERS):
            self._management.patch(f"{path}/{it.name}", json.dumps(endpoint).encode())
        body = bodies.secret_body(it.name, it.cluster["metadata"]["uid"], kubeconfig)
        try:
            self._management.create(paths.SECRETS, body)
        except ApiError as error:
            if error.status != http.client.CONFLICT:
                raise
            self._management.patch(f"{paths.SECRETS}/{bodies.secret_name(it.name)}", body)

    def work(self, it: Seen, plan: SitePlan, branch: Calls) -> ClusterCount:
        """One turn: machines come and go, and every status says how it stands."""
        owners = [seen.owner(item, it.templates) for item in _owners(it)]
        machines = [seen.machine(item) for item in it.machines]
        todo = moves(owners, machines, it.nodes)
        for owner, index in todo.create:
            self._create(it.name, owner, machine_name(owner, index))
        for owner, index in (*todo.create, *todo.register):
            _register(branch, plan, owner, index)
        for name in todo.delete:
            _gently(self._management.delete, f"{paths.MACHINES}/{name}")
        for name in todo.release:
            _gently(branch.delete, f"{paths.NODES}/{name}")
            self._release(name)
        self._look_after(it, machines)
        return self._report(it, owners, machines)

    def tear_down(self, it: Seen) -> None:
        """Lets go of everything of a cluster whose control plane has ended."""
        _gently(self._management.delete, f"{paths.SECRETS}/{bodies.secret_name(it.name)}")
        for item in it.machines:
            path = f"{paths.MACHINES}/{item['metadata']['name']}"
            if "deletionTimestamp" not in item["metadata"]:
                _gently(self._management.delete, path)
            self._release(item["metadata"]["name"])
        kept = it.cluster["metadata"].get("finalizers", [])
        left = [name for name in kept if name != bodies.CLUSTER_FINALIZER]
        self._finalizers(paths.CLUSTERS, it.name, left)

    @property
    def _now(self) -> Clock:
        return Clock(now=self._clock())

    def _create(self, cluster: str, owner: Owner, name: str) -> None:
        assert owner.size is not None  # noqa: S101 - `moves` makes no machine of unknown size
        made = self._management.create(paths.MACHINES, bodies.machine_body(cluster, owner, name))
        body = bodies.room_machine_body(cluster, made, owner.size)
        _gently(self._management.create, paths.ROOM_MACHINES, body)

    def _release(self, name: str) -> None:
        """Lets a Machine go, and its counterpart: the next one on this host has the same name."""
        _gently(self._management.delete, f"{paths.ROOM_MACHINES}/{name}")
        self._finalizers(paths.MACHINES, name, [])

    def _look_after(self, it: Seen, machines: Sequence[Machine]) -> None:
        """Replaces silent machines: deleted, they come anew, for their owner still wants them."""
        for item in it.checks:
            check = seen.health_check(item)
            found: Health = health(check, machines, it.nodes, self._clock())
            for name in found.replace:
                _gently(self._management.delete, f"{paths.MACHINES}/{name}")
            status = statuses.health_status(item, check, found, self._now)
            self._say(paths.HEALTH_CHECKS, item, status)

    def _report(
        self, it: Seen, owners: Sequence[Owner], machines: Sequence[Machine]
    ) -> ClusterCount:
        ready = {name for name, node in it.nodes.items() if node.is_ready}
        counts = {owner.uid: _count(owner, machines, ready) for owner in owners}
        for item, owner in zip(_owners(it), owners, strict=True):
            control = owner.kind == "KubeadmControlPlane"
            path = paths.CONTROL_PLANES if control else paths.DEPLOYMENTS
            status = statuses.owner_status(
                item, owner, counts[owner.uid], initialized=True, clock=self._now
            )
            self._say(path, item, status)
        for item in it.machines:
            is_ready = item["metadata"]["name"] in ready
            status = statuses.machine_status(item, ready=is_ready, clock=self._now)
            self._say(paths.MACHINES, item, status)
        if it.infrastructure is not None:
            status = statuses.infrastructure_status(
                it.infrastructure, provisioned=True, clock=self._now
            )
            self._say(paths.INFRASTRUCTURES, it.infrastructure, status)
        count = _whole(owners, counts)
        self._say(paths.CLUSTERS, it.cluster, statuses.cluster_status(it.cluster, count, self._now))
        return count

    def _say(self, path: str, item: Answer, status: Answer) -> None:
        """Writes a status, unless it stands there already."""
        before = item.get("status", {})
        if any(before.get(key) != value for key, value in status.items()):
            name = item["metadata"]["name"]
            body = json.dumps({"status": status}).encode()
            _gently(self._management.patch, f"{path}/{name}/status", body)

    def _finalizers(self, path: str, name: str, kept: Sequence[str]) -> None:
        body = json.dumps({"metadata": {"finalizers": list(kept)}}).encode()
        _gently(self._management.patch, f"{path}/{name}", body)


def _owners(it: Seen) -> list[Answer]:
    """Whoever wants machines: the control plane first, as machines come in this order."""
    return [*([it.control_plane] if it.control_plane else []), *it.deployments]


def _register(branch: Calls, plan: SitePlan, owner: Owner, index: int) -> None:
    assert owner.size is not None  # noqa: S101 - the same
    name = machine_name(owner, index)
    node, number = node_plan(plan, owner.size, name, index)
    _gently(branch.create, paths.NODES, node_body(node, number, plan.addresses))


def _whole(owners: Sequence[Owner], counts: Mapping[str, Count]) -> ClusterCount:
    """The cluster's count, from those of its owners."""
    parts: dict[bool, list[Count]] = {True: [], False: []}
    for owner in owners:
        parts[owner.kind == "KubeadmControlPlane"].append(counts[owner.uid])
    return ClusterCount(initialized=True, control=total(parts[True]), workers=total(parts[False]))


def _count(owner: Owner, machines: Sequence[Machine], ready: set[str]) -> Count:
    own = [machine for machine in machines if machine.owner_uid == owner.uid]
    return Count(
        wanted=owner.replicas,
        there=len(own),
        ready=sum(machine.name in ready and not machine.deleting for machine in own),
    )


def _gently(call: Callable[..., object], *arguments: object) -> None:
    """The call, unless what it asks for is so already."""
    try:
        call(*arguments)
    except ApiError as error:
        if error.status not in (http.client.NOT_FOUND, http.client.CONFLICT):
            raise
