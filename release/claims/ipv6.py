"""Claim `ipv6`: the backbone moves to IPv6. Today: the share of IPv6 sessions under load."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.figure import ClaimVerdict, Figure
from evidence.records import LoadRecord
from release.claims.grounds import NO_EVIDENCE, Case, Ground, conclude, no_evidence, unknown
from release.gathered import Gathered

READS = (LoadRecord,)


def judge_ipv6(evidence: Gathered) -> ClaimVerdict:
    """UNKNOWN until the live Services and Gateways are looked at as well."""
    loads = [load for load in evidence.of(LoadRecord) if load.users_connected_peak]
    wanted = evidence.province.objectives.ipv6_share_min
    return conclude(
        evidence,
        Case(
            claim="ipv6",
            reads=READS,
            grounds=list(_grounds(loads)),
            kept="every Service and Gateway is dual-stack, and IPv6 carries load",
            figures={"users_ipv6_share": _share(loads[-1], wanted)} if loads else {},
        ),
    )


def _grounds(loads: list[LoadRecord]) -> Iterator[Ground]:
    if not loads:
        yield no_evidence("ipv6")
        return
    yield unknown(
        f"{loads[-1].users_ipv6:,} of {loads[-1].users_connected_peak:,} sessions used IPv6; "
        f"that each live Service and Gateway is dual-stack has {NO_EVIDENCE}"
    )


def _share(load: LoadRecord, wanted: float) -> Figure:
    return Figure(value=load.users_ipv6 / load.users_connected_peak, unit="ratio", objective=wanted)
