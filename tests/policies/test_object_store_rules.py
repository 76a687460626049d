"""Rules about Ceph: pools that can be placed, one gateway that replicates, disks' own namespace."""

from __future__ import annotations

import pytest

from tests.policies.judging import evidence

API = "apiVersion: ceph.rook.io/v1\n"


def one(kind: str, name: str, spec: str) -> str:
    return f"---\n{API}kind: {kind}\nmetadata: {{name: {name}, namespace: storage}}\nspec: {spec}\n"


def cluster(hosts: int) -> str:
    nodes = ", ".join(f"{{name: h{number}}}" for number in range(hosts))
    return one("CephCluster", "ceph", f"{{storage: {{nodes: [{nodes}]}}}}")


CODED = "{failureDomain: host, erasureCoded: {dataChunks: 4, codingChunks: 2}}"
COPIED = "{failureDomain: host, replicated: {size: 3}}"
LENT = "{sharedPools: {metadataPoolName: m, dataPoolName: d}, metadataPool: {}, dataPool: {}}"


@pytest.mark.parametrize(
    ("hosts", "spec", "found"),
    [(7, CODED, 0), (6, CODED, 1), (4, COPIED, 0), (3, COPIED, 1), (9, "{failureDomain: osd}", 2)],
)
def test_a_pool_needs_a_host_for_each_chunk_and_one_to_heal_on(
    hosts: int, spec: str, found: int
) -> None:
    assert len(evidence("pools-span-hosts", cluster(hosts) + one("CephBlockPool", "p", spec))) == (
        found
    )


@pytest.mark.parametrize(("there", "found"), [("md", 0), ("m", 1), ("", 2)])
def test_pools_that_are_shared_have_to_be_there(there: str, found: int) -> None:
    pools = "".join(one("CephBlockPool", name, COPIED) for name in there)
    assert len(evidence("pools-span-hosts", pools + one("CephObjectZone", "z", LENT))) == found


def test_a_zone_with_pools_of_its_own_is_judged_by_them() -> None:
    own = one("CephObjectZone", "z", f"{{metadataPool: {COPIED}, dataPool: {CODED}}}")
    (seen,) = evidence("pools-span-hosts", cluster(6) + own)
    assert seen.startswith("spec.dataPool puts a chunk on each of 6 hosts")


def store(name: str, instances: int, *, clients: bool, zone: str = "z") -> str:
    off = str(clients).lower()
    gateway = f"{{instances: {instances}, disableMultisiteSyncTraffic: {off}}}"
    return one("CephObjectStore", name, f"{{zone: {{name: {zone}}}, gateway: {gateway}}}")


@pytest.mark.parametrize(
    ("stores", "seen"),
    [
        ([store("a", 5, clients=True), store("b", 1, clients=False)], []),
        ([store("a", 5, clients=True)], ["no store of its zone replicates"]),
        ([store("a", 2, clients=False)], ["1 stores of its zone replicate"]),
        (
            [store("a", 1, clients=False), store("b", 1, clients=False)],
            ["2 stores of its zone replicate"] * 2,
        ),
        ([store("a", 1, clients=False), store("b", 1, clients=False, zone="y")], []),
        ([one("CephObjectStore", "alone", "{gateway: {instances: 3}}")], []),
    ],
)
def test_one_gateway_of_a_zone_replicates(stores: list[str], seen: list[str]) -> None:
    found = evidence("sync-gateways-are-alone", "".join(stores))
    assert len(found) == len(seen)
    assert all(text.startswith(start) for text, start in zip(found, seen, strict=True))


PRIVILEGED = (
    "---\napiVersion: v1\nkind: Namespace\n"
    "metadata: {name: storage, labels: {pod-security.kubernetes.io/enforce: privileged}}\n"
)


def test_nobody_else_lives_where_privileged_pods_do() -> None:
    rule = "privileged-pods-drive-disks-alone"
    assert evidence(rule, PRIVILEGED + cluster(1)) == []
    assert evidence(rule, PRIVILEGED) == ["admits privileged pods, and no CephCluster is in it"]
    job = "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: j, namespace: storage}\n"
    assert evidence(rule, PRIVILEGED + cluster(1) + job) == [
        "lives in storage, which admits all pods"
    ]
    restricted = PRIVILEGED.replace("privileged", "restricted")
    assert evidence(rule, restricted + job) == []


@pytest.mark.parametrize(
    ("powers", "found"),
    [("", 0), (", capabilities: {}", 0), (", capabilities: {user: read}", 1)],
)
def test_whoever_has_an_object_stores_keys_administers_nothing(powers: str, found: int) -> None:
    user = one("CephObjectStoreUser", "archive", f"{{store: main{powers}}}")
    assert len(evidence("object-users-administer-nothing", user)) == found
    other = one("CephObjectStore", "main", f"{{gateway: {{instances: 1}}{powers}}}")
    assert evidence("object-users-administer-nothing", other) == []


@pytest.mark.parametrize(
    ("level", "pool", "found"),
    [
        ("restricted", "storage", 0),
        ("privileged", "storage", 0),
        ("privileged", "platform", 1),
        ("baseline", "storage", 1),
    ],
)
def test_only_a_namespace_of_disks_may_admit_privileged_pods(
    level: str, pool: str, found: int
) -> None:
    text = (
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: n\n  labels: "
        f"{{pod-security.kubernetes.io/enforce: {level}, suyun.io/tier: city, "
        f"suyun.io/pool: {pool}}}\n"
    )
    assert len(evidence("namespaces-enforce-pod-security", text)) == found


@pytest.mark.parametrize(
    ("environment", "protection", "found"),
    [
        ("production", "retained", 0),
        ("production", "removable", 1),
        ("rehearsal", "removable", 0),
        ("staging", "removable", 1),
    ],
)
def test_what_holds_data_outlives_its_stack_but_in_a_rehearsal(
    environment: str, protection: str, found: int
) -> None:
    labels = f"{{suyun.io/environment: {environment}, suyun.io/protection: {protection}}}"
    text = f"{API}kind: CephBlockPool\nmetadata: {{name: p, namespace: s, labels: {labels}}}\n"
    assert len(evidence("stateful-resources-are-protected", text)) == found
