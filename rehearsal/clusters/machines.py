"""Decides which machines come, go and are replaced. Pure: from what was seen to what is to be done.

A Machine is named after its host, and so is its node: `suzhou-platform-03` is the third machine
of that pool. The hosts are those of the site's plan; a pool that is scaled beyond the plan gets
further hosts that stand where those of the plan do, in turn.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from infra.plan.labels import RACK_LABEL, ZONE_LABEL
from infra.plan.values import NodePlan, SitePlan
from rehearsal.clusters.seen import HealthCheck, Machine, Node, Owner, Size


@dataclass(frozen=True, kw_only=True, slots=True)
class Moves:
    """What is to be done about one cluster's machines, by name.

    `create` and `delete` are Machines; `register` are Machines whose node is missing; `release` are
    Machines that are being deleted and whose node and finalizer have to go.
    """

    create: tuple[tuple[Owner, int], ...] = ()
    delete: tuple[str, ...] = ()
    register: tuple[tuple[Owner, int], ...] = ()
    release: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """What a health check sees: how many machines, which of them are to be replaced."""

    expected: tuple[str, ...]
    healthy: int
    replace: tuple[str, ...]
    allowed: int


def moves(owners: Sequence[Owner], machines: Sequence[Machine], nodes: Mapping[str, Node]) -> Moves:
    """As many machines as are asked for, each with its node.

    A host whose Machine is still going is not free: the next Machine comes once it has gone.
    """
    there = {machine.name: machine for machine in machines}
    wanted = {
        machine_name(owner, index): (owner, index)
        for owner in owners
        if owner.size is not None
        for index in range(owner.replicas)
    }
    known = {owner.uid for owner in owners}
    return Moves(
        create=tuple(want for name, want in wanted.items() if name not in there),
        delete=tuple(
            m.name
            for m in machines
            if not m.deleting and m.owner_uid in known and m.name not in wanted
        ),
        register=tuple(
            want
            for name, want in wanted.items()
            if name in there and not there[name].deleting and name not in nodes
        ),
        release=tuple(m.name for m in machines if m.deleting),
    )


def health(
    check: HealthCheck, machines: Iterable[Machine], nodes: Mapping[str, Node], now: float
) -> Health:
    """Which machines are to be replaced: none when too many are unhealthy at once."""
    covered = [m for m in machines if check.covers(m) and not m.deleting]
    ill = tuple(m.name for m in covered if _is_ill(check, nodes.get(m.name), now))
    limit = _limit(check.at_most, len(covered))
    return Health(
        expected=tuple(m.name for m in covered),
        healthy=sum(m.name in nodes and nodes[m.name].is_ready for m in covered),
        replace=ill if len(ill) <= limit else (),
        allowed=max(0, limit - len(ill)),
    )


def machine_name(owner: Owner, index: int) -> str:
    """The owner's machine of that index, from 0; templates are named after their pool."""
    return f"{owner.template}-{index + 1:02d}"


def node_plan(plan: SitePlan, size: Size, name: str, index: int) -> tuple[NodePlan, int]:
    """The node on the pool's host of that index, and the host's own number at its site."""
    pool = [(i, node) for i, node in enumerate(plan.nodes) if node.purpose.value == size.pool]
    number, host = pool[index % len(pool)]
    if index >= len(pool):
        pools = sorted({node.purpose.value for node in plan.nodes})
        beyond = (index - len(pool)) * len(pools) + pools.index(size.pool)
        number = len(plan.nodes) + beyond
    place = {key: host.labels[key] for key in (ZONE_LABEL, RACK_LABEL)}
    node = dataclasses.replace(
        host,
        name=name,
        cpu_cores=size.cpu_cores,
        memory_gib=size.memory_gib,
        pods_max=size.pods_max,
        labels={**size.labels, **place},
        taint=size.taint,
    )
    return node, number


def _is_ill(check: HealthCheck, node: Node | None, now: float) -> bool:
    """A node that never came is the bootstrap's matter, not a silent one."""
    if node is None:
        return False
    return any(
        condition.type == kind and condition.status == status and now - condition.since >= seconds
        for condition in node.conditions
        for kind, status, seconds in check.conditions
    )


def _limit(at_most: int | str, machines: int) -> int:
    """`40%` of so many machines, rounded down, or a number; as Kubernetes reads it."""
    if isinstance(at_most, int):
        return at_most
    return math.floor(machines * int(at_most.rstrip("%")) / 100)
