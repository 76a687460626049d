"""A site's Ceph as Rook's objects have it."""

from __future__ import annotations

from functools import cache
from typing import Any

import pulumi

from infra.components.keeping import keeping
from infra.fleet.ceph_readiness import missing_ceph
from infra.fleet.pools import ceph_records
from infra.plan.site import plan_site
from infra.plan.size import resources_count
from infra.plan.values import SitePlan
from tests import worlds
from tests.infra import example
from tests.infra.recorded import Recording, record

KINDS = (
    "CephCluster",
    "CephBlockPool",
    "CephObjectRealm",
    "CephObjectZoneGroup",
    "CephObjectZone",
    "CephObjectStore",
)


@cache
def planned(site: str = "suzhou", environment: str = "rehearsal") -> SitePlan:
    return plan_site(worlds.small(), site, environment)


@cache
def recording(site: str = "suzhou", environment: str = "rehearsal") -> Recording:
    return record(planned(site, environment))


def specs(kind: str, site: str = "suzhou") -> dict[str, Any]:
    return {body["metadata"]["name"]: body["spec"] for body in recording(site).of(kind).values()}


def test_a_site_without_storage_machines_has_no_ceph() -> None:
    plan = plan_site(example.small(), "suzhou", "rehearsal")
    assert plan.ceph is None
    assert "storage" not in [namespace.name for namespace in plan.namespaces]
    assert record(plan).of("CephCluster") == {}


def test_all_of_it_is_counted() -> None:
    """The stack itself is counted too, and the recorder does not see it."""
    for site in ("suzhou", "main"):
        assert len(recording(site).all) + 1 == resources_count(planned(site))
    ceph = [one for one in recording().all if one.type.startswith("kubernetes:ceph.rook.io")]
    assert len(ceph) == 13


def test_the_cluster_has_the_planned_hosts_and_stops_before_they_are_full() -> None:
    (spec,) = specs("CephCluster").values()
    storage = spec["storage"]
    assert [node["name"] for node in storage["nodes"]] == [
        f"suzhou-storage-0{number}" for number in range(1, 8)
    ]
    assert storage["useAllNodes"] is False
    ratios = [storage[key] for key in ("nearFullRatio", "backfillFullRatio", "fullRatio")]
    assert ratios == [0.85, 0.9, 0.95]
    assert spec["resources"]["osd"]["requests"] == {"cpu": "1000m", "memory": "8192Mi"}
    assert spec["resources"]["osd"]["limits"] == {"cpu": "2000m", "memory": "8192Mi"}


def test_what_lies_on_disks_and_on_wires_is_encrypted() -> None:
    (spec,) = specs("CephCluster").values()
    assert spec["storage"]["config"] == {"encryptedDevice": "true"}
    assert spec["network"]["connections"]["encryption"] == {"enabled": True}


def test_osds_talk_with_each_other_on_the_storage_prefixes() -> None:
    (spec,) = specs("CephCluster").values()
    addresses = planned().addresses
    ranges = spec["network"]["addressRanges"]
    assert ranges["public"] == [str(addresses.nodes.ipv4), str(addresses.nodes.ipv6)]
    assert ranges["cluster"] == [str(addresses.storage.ipv4), str(addresses.storage.ipv6)]


def test_daemons_go_to_the_storage_machines_and_nobody_else_does() -> None:
    plan = planned()
    (spec,) = specs("CephCluster").values()
    (toleration,) = spec["placement"]["all"]["tolerations"]
    taints = {node.taint for node in plan.nodes if node.purpose == "storage"}
    assert taints == {f"{toleration['key']}={toleration['value']}:NoSchedule"}


def test_pools_are_coded_and_bounded_as_planned() -> None:
    pools = specs("CephBlockPool")
    assert pools["resources"]["erasureCoded"] == {"dataChunks": 4, "codingChunks": 2}
    assert pools["metadata"]["replicated"] == {"size": 3, "requireSafeReplicaSize": True}
    assert pools["blocks"]["replicated"] == {"size": 3, "requireSafeReplicaSize": True}
    applications = {name: pool["application"] for name, pool in pools.items()}
    assert applications == {"resources": "rgw", "metadata": "rgw", "blocks": "rbd"}
    assert {pool["failureDomain"] for pool in pools.values()} == {"host"}
    storage = planned().storage
    assert storage is not None
    assert {name: int(pool["quotas"]["maxSize"]) for name, pool in pools.items()} == (
        storage.usable_bytes
    )


def test_a_claim_comes_to_a_volume_of_the_blocks_pool_by_rooks_driver() -> None:
    (made,) = recording().of("StorageClass").values()
    assert made["metadata"]["name"] == "ceph-block"
    assert made["provisioner"] == "rook-ceph.rbd.csi.ceph.com"
    parameters = made["parameters"]
    assert (parameters["clusterID"], parameters["pool"]) == ("storage", "blocks")
    homes = {value for key, value in parameters.items() if key.endswith("secret-namespace")}
    assert homes == {"storage"}
    assert made["allowVolumeExpansion"]


def test_a_volume_outlives_its_claim_in_production_alone() -> None:
    policies = {
        environment: [
            made["reclaimPolicy"]
            for made in recording("suzhou", environment).of("StorageClass").values()
        ]
        for environment in ("rehearsal", "production")
    }
    assert policies == {"rehearsal": ["Delete"], "production": ["Retain"]}


def test_velero_finds_a_class_to_copy_volumes_by() -> None:
    (made,) = recording().of("VolumeSnapshotClass").values()
    assert made["metadata"]["labels"]["velero.io/csi-volumesnapshot-class"] == "true"
    assert made["driver"] == "rook-ceph.rbd.csi.ceph.com"
    assert made["parameters"]["clusterID"] == "storage"
    assert made["deletionPolicy"] == "Delete"


def test_zones_share_the_pools_and_are_reached_at_their_sync_gateways() -> None:
    zones = specs("CephObjectZone")
    groups = {name: zone["zoneGroup"] for name, zone in zones.items()}
    assert groups == {"suzhou": "suzhou", "main-at-suzhou": "main"}
    for name, zone in zones.items():
        assert zone["sharedPools"]["dataPoolName"] == "resources"
        assert zone["sharedPools"]["metadataPoolName"] == "metadata"
        assert zone["customEndpoints"] == [f"https://sync.objects.{name}.suyun.example"]
    assert {group["realm"] for group in specs("CephObjectZoneGroup").values()} == {"jiangsu"}


def test_the_realm_is_pulled_from_the_main_center() -> None:
    pulled = {"pull": {"endpoint": "https://sync.objects.main.suyun.example"}}
    assert specs("CephObjectRealm") == {"jiangsu": pulled}
    assert specs("CephObjectRealm", "main") == {"jiangsu": {}}


def test_users_are_made_where_the_realm_is_and_known_from_there() -> None:
    users = specs("CephObjectStoreUser", "main")
    assert users == {
        name: {"store": "main", "displayName": name}
        for name in ("jiangsu-client", "jiangsu-archive")
    }
    assert specs("CephObjectStoreUser", "suzhou") == {}
    assert "main" in specs("CephObjectStore", "main")


def test_each_zone_has_one_gateway_that_replicates_and_others_that_do_not() -> None:
    stores = specs("CephObjectStore")
    seen = {
        name: (
            store["zone"]["name"],
            store["gateway"]["instances"],
            store["gateway"]["disableMultisiteSyncTraffic"],
        )
        for name, store in stores.items()
    }
    assert seen == {
        "suzhou": ("suzhou", 2, True),
        "suzhou-sync": ("suzhou", 1, False),
        "main-at-suzhou": ("main-at-suzhou", 2, True),
        "main-at-suzhou-sync": ("main-at-suzhou", 1, False),
    }


def test_clients_gateways_follow_those_who_may_come() -> None:
    plan = plan_site(worlds.province(), "xuzhou", "production")
    assert plan.ceph is not None
    instances = {one.name: one.instances for one in plan.ceph.gateways if not one.is_sync}
    assert instances == {"xuzhou": 2, "main-at-xuzhou": 3}  # 21,500 and main's 50,000 users


def test_every_gateway_is_reached_by_its_own_name_over_tls() -> None:
    door = recording().of("Gateway")["edge/objects"]["spec"]
    listeners = {one["hostname"]: one for one in door["listeners"]}
    assert set(listeners) == {
        f"{prefix}objects.{zone}.suyun.example"
        for prefix in ("", "sync.")
        for zone in ("suzhou", "main-at-suzhou")
    }
    assert {one["protocol"] for one in door["listeners"]} == {"HTTPS"}
    addresses = [one["value"] for one in door["addresses"]]
    assert len(addresses) == len(set(addresses) - set(planned().gateway.addresses)) == 2
    for name in specs("CephObjectStore"):
        route = recording().of("HTTPRoute")[f"storage/{name}"]["spec"]
        (parent,), (hostname,) = route["parentRefs"], route["hostnames"]
        assert listeners[hostname]["name"] == parent["sectionName"] == name
        assert route["rules"][0]["backendRefs"][0]["name"] == f"rook-ceph-rgw-{name}"
        assert specs("CephObjectStore")[name]["hosting"] == {"dnsNames": [hostname]}


def test_the_namespace_is_ceph_s_alone() -> None:
    plan = planned()
    (storage,) = [one for one in plan.namespaces if one.name == "storage"]
    assert storage.pod_security == "privileged"
    assert storage.ingress_namespaces == ("edge", "city", "rook-ceph", "storage")
    assert "storage" not in {binding.namespace for binding in plan.access.bindings}
    callers = {one.name for one in plan.namespaces if "storage" in one.egress_namespaces}
    assert callers == {"city", "edge", "storage"}
    labels = recording().of("Namespace")["storage"]["metadata"]["labels"]
    assert labels["suyun.io/pool"] == "storage"
    rules = recording().of("NetworkPolicy")["storage/allow-planned"]["spec"]["egress"]
    reached = {
        (peer["ipBlock"]["cidr"], port["port"], port.get("endPort"))
        for rule in rules
        for peer in rule["to"]
        if "ipBlock" in peer
        for port in rule["ports"]
    }
    for machines in (plan.addresses.nodes.ipv4, plan.addresses.nodes.ipv6):
        there = {(first, last) for cidr, first, last in reached if cidr == str(machines)}
        assert there == {(3300, None), (6789, None), (6800, 7568), (6443, None)}


def test_production_keeps_it_and_a_rehearsal_lets_it_go() -> None:
    for environment, said in (("production", "retained"), ("rehearsal", "removable")):
        bodies = [
            body for kind in KINDS for body in recording(environment=environment).of(kind).values()
        ]
        assert len(bodies) == 13
        assert {b["metadata"]["labels"]["suyun.io/protection"] for b in bodies} == {said}
        assert {n.is_retained for n in planned(environment=environment).namespaces} == (
            {False, True} if environment == "production" else {False}
        )


def test_what_is_kept_is_neither_deleted_nor_let_go_of() -> None:
    home = pulumi.ComponentResource.__new__(pulumi.ComponentResource)  # nothing is registered
    kept, other = (keeping(home, [home], is_retained=retained) for retained in (True, False))
    assert (kept.protect, kept.retain_on_delete, kept.deleted_with) == (True, True, None)
    assert (other.protect, other.retain_on_delete, other.deleted_with) == (False, False, home)


class Look:
    """A cluster with the recorded objects, and what their operator says of them."""

    def __init__(self, recorded: Recording, phase: str | None) -> None:
        self._recorded = recorded
        self._status = {"status": {"phase": phase}} if phase else {}

    def ceph_clusters(self) -> list[Any]:
        return self._of("CephCluster")

    def ceph_pools(self) -> list[Any]:
        return self._of("CephBlockPool")

    def object_stores(self) -> list[Any]:
        return self._of("CephObjectStore")

    def _of(self, kind: str) -> list[Any]:
        return [{**body, **self._status} for body in self._recorded.of(kind).values()]


def missing(environment: str, phase: str | None, *, there: bool = True) -> tuple[str, ...]:
    plan = planned(environment=environment).ceph
    assert plan is not None
    found = recording(environment=environment) if there else Recording([])
    return missing_ceph(plan, Look(found, phase))


def test_in_a_rehearsal_what_is_there_is_ready() -> None:
    assert missing("rehearsal", None) == ()
    assert missing("rehearsal", None, there=False)[0] == "CephCluster storage/ceph: is not there"


def test_in_production_its_operator_has_the_word() -> None:
    assert missing("production", "Ready") == ()
    assert "CephBlockPool storage/resources: Failure" in missing("production", "Failure")
    assert missing("production", None)[0].endswith("its operator has not seen it yet")


def test_what_stands_is_read_from_the_objects() -> None:
    look = Look(recording(), None)
    (seen,) = ceph_records(planned(), look.ceph_clusters(), look.ceph_pools())
    assert (seen.site, seen.hosts, seen.nearfull_ratio) == ("suzhou", 7, 0.85)
    assert [(pool.name, pool.k, pool.m, pool.failure_domain) for pool in seen.pools] == [
        ("blocks", 1, 2, "host"),
        ("metadata", 1, 2, "host"),
        ("resources", 4, 2, "host"),
    ]
    storage = planned().storage
    assert storage is not None
    assert {pool.name: pool.usable_bytes for pool in seen.pools} == storage.usable_bytes


def test_a_pool_without_a_bound_and_one_with_a_unit_are_read_as_such() -> None:
    cluster = {"metadata": {"namespace": "storage", "name": "ceph"}, "spec": {}}
    bare = {"metadata": {"namespace": "storage", "name": "bare"}, "spec": {}}
    sized = {
        "metadata": {"namespace": "storage", "name": "sized"},
        "spec": {"replicated": {"size": 2}, "quotas": {"maxSize": "3Ti"}},
    }
    other = {"metadata": {"namespace": "elsewhere", "name": "other"}, "spec": {}}
    (seen,) = ceph_records(planned(), [cluster], [sized, bare, other])
    assert (seen.hosts, seen.nearfull_ratio) == (0, 0.0)
    assert [(p.name, p.k, p.m, p.usable_bytes) for p in seen.pools] == [
        ("bare", 1, 0, None),
        ("sized", 1, 1, 3 * 2**40),
    ]
