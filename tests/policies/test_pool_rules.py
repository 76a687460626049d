"""Ceph's pools, in every shape that the two smallest examples do not show."""

from __future__ import annotations

import pytest

from policies.rules.pools import RULES
from tests.policies.judging import evidence

(SPAN,) = RULES
CODED = "{failureDomain: host, erasureCoded: {dataChunks: 4, codingChunks: 2}}"
COPIES = "{failureDomain: host, replicated: {size: 3}}"


def cluster(hosts: int) -> str:
    nodes = ", ".join(f"{{name: h{index}}}" for index in range(hosts))
    return (
        "{apiVersion: ceph.rook.io/v1, kind: CephCluster, metadata: {name: ceph, namespace: "
        f"storage}}, spec: {{storage: {{nodes: [{nodes}]}}}}}}"
    )


def found(kind: str, spec: str, hosts: int) -> list[str]:
    pool = (
        f"{{apiVersion: ceph.rook.io/v1, kind: {kind}, "
        f"metadata: {{name: it, namespace: storage}}, spec: {spec}}}"
    )
    return evidence(SPAN.id, f"{cluster(hosts)}\n---\n{pool}")


@pytest.mark.parametrize(("hosts", "breaks"), [(7, False), (6, True)])
def test_four_and_two_need_a_seventh_host(hosts: int, *, breaks: bool) -> None:
    spec = f"{{metadataPool: {COPIES}, dataPool: {CODED}}}"
    for kind in ("CephObjectZone", "CephObjectStore"):
        assert bool(found(kind, spec, hosts)) is breaks
    assert bool(found("CephBlockPool", CODED, hosts)) is breaks


def test_disks_of_one_host_are_no_failure_domain() -> None:
    (seen,) = found("CephBlockPool", "{failureDomain: osd, replicated: {size: 3}}", 7)
    assert seen == 'spec.failureDomain is "osd"'


def test_a_store_in_a_zone_has_the_zones_pools() -> None:
    assert found("CephObjectStore", "{zone: {name: main}}", 7) == []
    assert len(found("CephObjectZone", "{zoneGroup: main}", 7)) == 4


def test_a_pool_that_says_no_number_is_refused() -> None:
    (seen,) = found("CephBlockPool", "{failureDomain: host}", 7)
    assert "neither" in seen
