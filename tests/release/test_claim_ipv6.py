"""Claim `ipv6`: both families at every door, and load over the new one."""

from __future__ import annotations

import pytest

from evidence.figure import ClaimVerdict
from evidence.records import AddressRecord, EdgeRecord, LoadRecord, Record
from evidence.verdict import Verdict
from infra.plan.fleet import plan_fleet
from release.claims.ipv6 import judge_ipv6
from tests import worlds
from tests.release import runs

BARE = runs.without(runs.whole(), LoadRecord, EdgeRecord)
LOADED = (runs.load(users_ipv6=600), runs.edge(completed_ipv6=8_198))


def door(site: str, kind: str, namespace: str, name: str, **changes: object) -> AddressRecord:
    which = {"site": site, "kind": kind, "namespace": namespace, "name": name}
    values: dict[str, object] = {"addresses": ["10.92.0.7", "fd7c:41d9:e60b:2000::7"]}
    return AddressRecord.model_validate({**which, **values, **changes})


def doors() -> tuple[AddressRecord, ...]:
    """Every door of the small province, as planned."""
    found = []
    for plan in plan_fleet(worlds.small(), "rehearsal").sites:
        found += [door(plan.site, "Gateway", one.namespace, one.name) for one in plan.doors]
        found += [door(plan.site, "Service", w.namespace, w.name) for w in plan.deployments]
        if plan.rig is not None:
            headless = {"addresses": [], "families": ["IPv4", "IPv6"]}
            found.append(door(plan.site, "Service", "load-rig", "load-master", **headless))
    return tuple(found)


def judged(*records: Record) -> ClaimVerdict:
    return judge_ipv6(runs.gathered(*BARE, *records))


def test_doors_of_both_families_and_load_over_the_new_one_pass() -> None:
    claim = judged(*LOADED, *doors())
    assert claim.verdict is Verdict.PASS, claim.reason
    assert claim.reason == "every live Service and Gateway is dual-stack, and IPv6 carried load"
    figures = {name: (figure.value, figure.objective) for name, figure in claim.figures.items()}
    assert figures["users_ipv6_share"] == (0.2, 0.1)
    assert figures["responses_ipv6_share"] == (0.2, None)
    assert figures["gateways_dual_stack"] == (6, 6)
    services = len(doors()) - 6
    assert figures["services_dual_stack"] == (services, services)


@pytest.mark.parametrize(
    "changes",
    [{"addresses": ["10.92.0.7"]}, {"addresses": ["fd00::7"]}, {"addresses": []}],
)
@pytest.mark.parametrize("kind", ["Service", "Gateway"])
def test_a_door_of_one_family_fails(kind: str, changes: dict[str, object]) -> None:
    claim = judged(*LOADED, *doors(), door("suzhou", kind, "city", "odd", **changes))
    assert claim.verdict is Verdict.FAIL
    assert claim.reason == f"not dual-stack, as it stands: {kind} city/odd at suzhou"


def test_a_door_that_nobody_saw_is_unknown() -> None:
    gone, *kept = doors()
    claim = judged(*LOADED, *kept)
    assert claim.verdict is Verdict.UNKNOWN
    assert f"{gone.kind} {gone.namespace}/{gone.name} at {gone.site}" in claim.reason


@pytest.mark.parametrize(
    ("seen", "ground"),
    [
        ((runs.load(users_ipv6=299), LOADED[1]), "299 of 3,000 sessions used IPv6, fewer than 10"),
        ((LOADED[0], runs.edge()), "the edge sent no response over IPv6"),
        (LOADED[:1], "the edge's own count of responses over IPv6 is missing"),
        ((), "that IPv6 carries load has no evidence yet"),
    ],
)
def test_load_that_shows_too_little_is_unknown(seen: tuple[Record, ...], ground: str) -> None:
    claim = judged(*seen, *doors())
    assert claim.verdict is Verdict.UNKNOWN
    assert ground in claim.reason


def test_load_alone_is_not_enough() -> None:
    claim = judged(*LOADED)
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason == "that each live Service and Gateway is dual-stack has no evidence yet"
