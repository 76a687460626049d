"""Claim `ipv6`: the backbone moves to IPv6. Today: the share of IPv6 sessions under load.

The generator says how many users logged in over IPv6; the edge, by its own log, how many of the
responses went there. A share that is too small says nothing about the platform: who comes over
IPv6 is the generator's choice.
"""

from __future__ import annotations

from collections.abc import Iterator

from evidence.figure import ClaimVerdict, Figure
from evidence.records import EdgeRecord, LoadRecord
from release.claims.grounds import NO_EVIDENCE, Case, Ground, conclude, no_evidence, unknown
from release.gathered import Gathered
from release.wording import quantity

READS = (LoadRecord, EdgeRecord)


def judge_ipv6(evidence: Gathered) -> ClaimVerdict:
    """UNKNOWN until the live Services and Gateways are looked at as well."""
    loads = [load for load in evidence.of(LoadRecord) if load.users_connected_peak]
    edges = [edge for edge in evidence.of(EdgeRecord) if edge.completed]
    wanted = evidence.province.objectives.ipv6_share_min
    return conclude(
        evidence,
        Case(
            claim="ipv6",
            reads=READS,
            grounds=list(_grounds(loads, edges, wanted)),
            kept="every Service and Gateway is dual-stack, and IPv6 carries load",
            figures=_figures(loads, edges, wanted),
        ),
    )


def _grounds(loads: list[LoadRecord], edges: list[EdgeRecord], wanted: float) -> Iterator[Ground]:
    if not loads:
        yield no_evidence("ipv6")
        return
    load = loads[-1]
    if load.users_ipv6 < wanted * load.users_connected_peak:
        yield unknown(
            f"{load.users_ipv6:,} of {load.users_connected_peak:,} sessions used IPv6, "
            f"fewer than {quantity(wanted, 'ratio')}"
        )
    if load.users_ipv6 and edges and not edges[-1].completed_ipv6:
        yield unknown("the edge sent no response over IPv6, though the load had sessions there")
    yield unknown(f"that each live Service and Gateway is dual-stack has {NO_EVIDENCE}")


def _figures(loads: list[LoadRecord], edges: list[EdgeRecord], wanted: float) -> dict[str, Figure]:
    figures = {}
    if loads:
        share = loads[-1].users_ipv6 / loads[-1].users_connected_peak
        figures["users_ipv6_share"] = Figure(value=share, unit="ratio", objective=wanted)
    if loads and edges:
        share = edges[-1].completed_ipv6 / edges[-1].completed
        figures["responses_ipv6_share"] = Figure(value=share, unit="ratio")
    return figures
