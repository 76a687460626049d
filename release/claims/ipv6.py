"""Claim `ipv6`: the backbone moves to IPv6: both families at every door, and load over the new one.

The clusters say which Services and Gateways have both families; the plan says which there should
be. The generator says how many users logged in over IPv6; the edge, by its own log, how many of
the responses went there. A share that is too small says nothing about the platform: who comes
over IPv6 is the generator's choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evidence.figure import ClaimVerdict, Figure
from evidence.records import AddressRecord, EdgeRecord, LoadRecord
from infra.plan.errors import PlanError
from infra.plan.fleet import plan_fleet
from infra.plan.rig import MASTER
from infra.plan.values import FleetPlan, SitePlan
from release.claims.grounds import (
    NO_EVIDENCE,
    Case,
    Ground,
    conclude,
    failed,
    no_evidence,
    some,
    unknown,
)
from release.gathered import Gathered
from release.wording import quantity

READS = (LoadRecord, EdgeRecord, AddressRecord)
Door = tuple[str, str, str, str]
"""Site, kind, namespace, name."""


def judge_ipv6(evidence: Gathered) -> ClaimVerdict:
    """Each planned Service and Gateway as it was seen live, and the shares under load."""
    loads = [load for load in evidence.of(LoadRecord) if load.users_connected_peak]
    edges = [edge for edge in evidence.of(EdgeRecord) if edge.completed]
    doors = {_door(record): record for record in evidence.of(AddressRecord)}
    wanted = evidence.province.objectives.ipv6_share_min
    if loads or doors:
        grounds = [*_of_doors(evidence, doors), *_of_load(loads, edges, wanted)]
    else:
        grounds = [no_evidence("ipv6")]
    return conclude(
        evidence,
        Case(
            claim="ipv6",
            reads=READS,
            grounds=grounds,
            kept="every live Service and Gateway is dual-stack, and IPv6 carried load",
            figures={**_figures_of_doors(doors), **_figures(loads, edges, wanted)},
        ),
    )


def _door(record: AddressRecord) -> Door:
    return record.site, record.kind, record.namespace, record.name


def _of_doors(evidence: Gathered, doors: Mapping[Door, AddressRecord]) -> Iterator[Ground]:
    if not doors:
        yield unknown(f"that each live Service and Gateway is dual-stack has {NO_EVIDENCE}")
        return
    single = [_named(door) for door, seen in doors.items() if not seen.is_dual_stack]
    if single:
        yield failed(f"not dual-stack, as it stands: {some(single)}")
    try:
        planned = set(_planned(plan_fleet(evidence.province, evidence.run.scope)))
    except PlanError as error:
        yield unknown(f"the kept province cannot be planned any more: {error.cause}")
        return
    unseen = [_named(door) for door in sorted(planned - doors.keys())]
    if unseen:
        yield unknown(f"nobody saw whether it is dual-stack: {some(unseen)}")


def _planned(fleet: FleetPlan) -> Iterator[Door]:
    for plan in fleet.sites:
        yield from ((plan.site, "Gateway", door.namespace, door.name) for door in plan.doors)
        yield from ((plan.site, "Service", *name) for name in _services(plan))


def _services(plan: SitePlan) -> Iterator[tuple[str, str]]:
    yield from ((workload.namespace, workload.name) for workload in plan.deployments)
    if plan.rig is not None:
        yield plan.rig.namespace, MASTER


def _named(door: Door) -> str:
    site, kind, namespace, name = door
    return f"{kind} {namespace}/{name} at {site}"


def _of_load(loads: list[LoadRecord], edges: list[EdgeRecord], wanted: float) -> Iterator[Ground]:
    if not loads:
        yield unknown(f"that IPv6 carries load has {NO_EVIDENCE}")
        return
    load = loads[-1]
    if load.users_ipv6 < wanted * load.users_connected_peak:
        yield unknown(
            f"{load.users_ipv6:,} of {load.users_connected_peak:,} sessions used IPv6, "
            f"fewer than {quantity(wanted, 'ratio')}"
        )
    if not edges:
        yield unknown("the edge's own count of responses over IPv6 is missing")
    elif load.users_ipv6 and not edges[-1].completed_ipv6:
        yield unknown("the edge sent no response over IPv6, though the load had sessions there")


def _figures_of_doors(doors: Mapping[Door, AddressRecord]) -> dict[str, Figure]:
    figures = {}
    for kind, name in (("Service", "services"), ("Gateway", "gateways")):
        seen = [record for record in doors.values() if record.kind == kind]
        if seen:
            dual = sum(record.is_dual_stack for record in seen)
            figures[f"{name}_dual_stack"] = Figure(value=dual, unit=name, objective=len(seen))
    return figures


def _figures(loads: list[LoadRecord], edges: list[EdgeRecord], wanted: float) -> dict[str, Figure]:
    figures = {}
    if loads:
        share = loads[-1].users_ipv6 / loads[-1].users_connected_peak
        figures["users_ipv6_share"] = Figure(value=share, unit="ratio", objective=wanted)
    if loads and edges:
        share = edges[-1].completed_ipv6 / edges[-1].completed
        figures["responses_ipv6_share"] = Figure(value=share, unit="ratio")
    return figures
