"""The base database, its archives and the backups, as planned and as transcribed."""

from __future__ import annotations

from functools import cache

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.components.keeping import keeping
from infra.plan.addresses import plan_addresses
from infra.plan.backup import minute_of
from infra.plan.fleet import plan_fleet
from infra.plan.site import plan_site
from infra.plan.stateful import DatabasePlan, DataPlan
from infra.plan.values import SitePlan
from province.data import Data, Handover
from province.province import Province
from province.tiers import site_tree
from tests import worlds
from tests.infra.recorded import Recording, record

SITES = ("main", "suzhou", "xuzhou")


@cache
def fleet() -> tuple[SitePlan, ...]:
    return plan_fleet(worlds.province(), "rehearsal").sites


def data_of(world: Province, site: str, environment: str = "rehearsal") -> DataPlan:
    planned = plan_site(world, site, environment).data
    assert planned is not None
    return planned


def database_of(world: Province, site: str) -> DatabasePlan:
    planned = data_of(world, site).database
    assert planned is not None
    return planned


def handed_over(token: str | None) -> Province:
    return worlds.with_handover(worlds.small(), Handover(to="xuzhou", promotion_token=token))


def primaries(world: Province) -> dict[str, str]:
    return {site: database_of(world, site).primary for site in SITES}


@cache
def recording(environment: str) -> Recording:
    return record(plan_site(worlds.small(), "xuzhou", environment))


def test_the_sites_that_are_named_hold_the_database() -> None:
    holders = [p.site for p in fleet() if p.data and p.data.database]
    assert holders == ["main", "xuzhou", "suzhou"]


def test_every_archive_and_backup_lies_in_another_prefecture() -> None:
    for plan in fleet():
        assert plan.data is not None
        archives = plan.data.database.archives if plan.data.database else ()
        buckets = [one.bucket for one in (*archives, *plan.data.backup.locations)]
        assert all(bucket.prefecture != bucket.kept_in for bucket in buckets)


def test_every_sites_backups_can_be_restored_where_they_lie() -> None:
    plans = {plan.site: plan for plan in fleet()}
    for plan in plans.values():
        assert plan.data is not None
        own = plan.data.backup.locations[0]
        keeper = plans[own.bucket.kept_at].data
        assert keeper is not None
        assert own.bucket in [one.bucket for one in keeper.backup.locations if not one.is_own]


def test_every_namespace_of_every_site_is_in_some_schedule() -> None:
    """But those of what is made anew (the rig) and of what has its own copies (objects)."""
    for plan in fleet():
        assert plan.data is not None
        covered = {name for one in plan.data.backup.schedules for name in one.namespaces}
        assert covered == {n.name for n in plan.namespaces} - {"backup", "load-rig", "storage"}


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_schedules_minute_is_one_and_stays(site: str, data_class: str) -> None:
    assert 0 <= minute_of(site, data_class) < 60
    assert minute_of(site, data_class) == minute_of(site, data_class)


def test_a_handover_first_demotes_then_promotes_with_the_token() -> None:
    assert primaries(worlds.small()) == dict.fromkeys(SITES, "base-main")
    first = handed_over(None)
    assert primaries(first) == {
        "main": "base-xuzhou",
        "suzhou": "base-main",
        "xuzhou": "base-main",
    }
    second = handed_over("token-of-main")
    assert primaries(second) == dict.fromkeys(SITES, "base-xuzhou")
    tokens = {site: database_of(second, site).promotion_token for site in SITES}
    assert tokens == {"main": None, "suzhou": None, "xuzhou": "token-of-main"}


@pytest.mark.parametrize("token", [None, "token"])
def test_nobody_takes_writes_beside_another_in_a_handover(token: str | None) -> None:
    world = handed_over(token)
    assert sum(database_of(world, s).primary == database_of(world, s).name for s in SITES) <= 1


def test_in_production_alone_data_is_retained() -> None:
    assert data_of(worlds.small(), "main", "production").is_retained
    assert not data_of(worlds.small(), "main").is_retained
    kept = plan_site(worlds.small(), "main", "production").namespaces
    assert {n.name for n in kept if n.is_retained} == {"backup", "database", "storage"}


def test_the_replica_follows_by_the_primarys_archive() -> None:
    spec = recording("rehearsal").of("Cluster")["database/base-xuzhou"]["spec"]
    assert spec["replica"] == {
        "primary": "base-main",
        "self": "base-xuzhou",
        "source": "base-main",
    }
    assert spec["bootstrap"] == {"recovery": {"source": "base-main"}}
    peers = {peer["name"]: peer["plugin"]["parameters"] for peer in spec["externalClusters"]}
    assert peers["base-main"] == {"barmanObjectName": "base-main", "serverName": "base-main"}
    stores = recording("production").of("ObjectStore")
    assert stores["database/base-main"]["spec"]["configuration"]["endpointURL"] == (
        "https://objects.suzhou.suyun.example"
    )
    (archiver,) = spec["plugins"]
    assert archiver["parameters"] == {"barmanObjectName": "base-xuzhou"}


def test_a_promotion_is_primary_and_token_in_one_object() -> None:
    promoted = record(plan_site(handed_over("token-of-main"), "xuzhou", "rehearsal"))
    replica = promoted.of("Cluster")["database/base-xuzhou"]["spec"]["replica"]
    assert (replica["primary"], replica["promotionToken"]) == ("base-xuzhou", "token-of-main")
    assert (
        promoted.of("Cluster")["database/base-xuzhou"]["spec"]["bootstrap"]
        == (recording("rehearsal").of("Cluster")["database/base-xuzhou"]["spec"]["bootstrap"])
    )


def test_roles_have_no_password_and_come_by_certificate() -> None:
    spec = recording("rehearsal").of("Cluster")["database/base-xuzhou"]["spec"]
    assert {role["disablePassword"] for role in spec["managed"]["roles"]} == {True}
    assert spec["enableSuperuserAccess"] is False
    assert spec["postgresql"]["pg_hba"] == [
        "hostssl all all all cert",
        "host all all all reject",
    ]


def test_a_commit_is_at_another_site_and_at_another_server_of_its_own() -> None:
    """Whoever confirms: of the servers here and the clusters elsewhere, in all that many."""
    planned = database_of(worlds.small(), "xuzhou")
    spec = recording("rehearsal").of("Cluster")["database/base-xuzhou"]["spec"]
    said = spec["postgresql"]["synchronous"]
    here, elsewhere = planned.instances - 1, len(said["standbyNamesPost"])
    assert said["standbyNamesPost"] == ["base-main", "base-suzhou"]
    assert said["number"] - here == planned.synchronous.number == 1
    assert said["number"] - elsewhere >= 1
    assert said["number"] < here + elsewhere  # the loss of any one stops no write
    assert said["dataDurability"] == "required"


def test_the_only_other_site_does_not_stop_writes_by_being_lost() -> None:
    assert database_of(worlds.pair(), "main").synchronous.number == 0


def test_clusters_stream_from_each_other_by_name_and_certificate() -> None:
    cluster = recording("rehearsal").of("Cluster")["database/base-xuzhou"]["spec"]
    others = {one["name"]: one for one in cluster["externalClusters"]}
    assert "connectionParameters" not in others["base-xuzhou"]
    stream = others["base-main"]["connectionParameters"]
    assert (stream["host"], stream["sslmode"]) == ("database.main.suyun.example", "verify-full")
    assert stream["application_name"] == "base-xuzhou"
    assert others["base-main"]["plugin"]["parameters"]["serverName"] == "base-main"
    assert cluster["certificates"]["serverAltDNSNames"] == ["database.xuzhou.suyun.example"]


def test_only_other_holders_come_to_the_database_from_outside() -> None:
    policy = recording("rehearsal").of("NetworkPolicy")["database/allow-planned"]["spec"]
    sites = [worlds.small().site(name).prefixes for name in ("main", "suzhou")]
    expected = {(str(p), 5432) for both in sites for p in (both.ipv4, both.ipv6)}
    for direction, peers in (("ingress", "from_"), ("egress", "to")):
        blocks = {
            (peer["ipBlock"]["cidr"], rule["ports"][0]["port"])
            for rule in policy[direction]
            for peer in rule.get(peers) or rule.get("from") or ()
            if "ipBlock" in peer
        }
        assert {block for block in blocks if block[1] == 5432} == expected


def test_a_site_writes_to_its_partner_and_reads_its_wards() -> None:
    locations = recording("rehearsal").of("BackupStorageLocation")
    assert {name: one["spec"]["accessMode"] for name, one in locations.items()} == {
        "backup/own": "ReadWrite",
        "backup/of-suzhou": "ReadOnly",
    }
    assert locations["backup/own"]["spec"]["objectStorage"] == {"bucket": "backup-xuzhou"}
    records = recording("rehearsal").of("Schedule")["backup/records"]["spec"]
    assert records["template"]["storageLocation"] == "own"
    assert records["template"]["ttl"] == "4320h0m0s"


@pytest.mark.parametrize(
    ("environment", "label"), [("rehearsal", "removable"), ("production", "retained")]
)
def test_the_label_says_what_pulumi_was_told(environment: str, label: str) -> None:
    """The mocks are not told of the options, so these are looked at by themselves, below."""
    cluster = recording(environment).of("Cluster")["database/base-xuzhou"]
    assert cluster["metadata"]["labels"]["suyun.io/protection"] == label
    wards = recording(environment).of("BackupStorageLocation")["backup/of-suzhou"]
    assert wards["metadata"]["labels"]["suyun.io/protection"] == "removable"


@pytest.mark.parametrize("retained", [True, False])
def test_what_is_retained_is_neither_deleted_nor_taken_along(*, retained: bool) -> None:
    namespace = pulumi.Resource.__new__(pulumi.Resource)
    options = keeping(namespace, [namespace], is_retained=retained)
    assert (options.protect, options.retain_on_delete) == (retained, retained)
    assert options.deleted_with is (None if retained else namespace)


def test_those_with_copies_elsewhere_reach_there_and_the_api_server_alone() -> None:
    policy = recording("rehearsal").of("NetworkPolicy")["backup/allow-planned"]["spec"]
    blocks = {
        (peer["ipBlock"]["cidr"], rule["ports"][0]["port"])
        for rule in policy["egress"]
        for peer in rule["to"]
        if "ipBlock" in peer
    }
    sites = [worlds.small().site(name).prefixes for name in ("main", "xuzhou")]
    nodes = plan_addresses(worlds.small().site("xuzhou")).nodes
    assert blocks == {
        *((str(p), 443) for both in sites for p in (both.ipv4, both.ipv6)),
        *((str(p), 6443) for p in (nodes.ipv4, nodes.ipv6)),
    }


def test_the_database_is_called_by_the_platform_the_realm_and_its_operator() -> None:
    plan = plan_site(worlds.small(), "main", "rehearsal")
    (database,) = (one for one in plan.namespaces if one.name == "database")
    callers = ("province", "identity", "cnpg-system", "database")
    assert database.ingress_namespaces == callers
    reach = {one.name for one in plan.namespaces if "database" in one.egress_namespaces}
    assert reach == {"province", "identity", "database"}


def test_what_holds_data_has_room_in_the_tier_tree() -> None:
    for name in SITES:
        plan = plan_site(worlds.small(), name, "rehearsal")
        asked = {n.name: n.quota.cpu_millis for n in plan.namespaces}
        tree = site_tree(worlds.small(), worlds.small().site(name))
        theirs = ("backup", "database", "identity", "exchange")
        assert sum(asked.get(one, 0) for one in theirs) == tree.services.cpu_millis


def test_a_province_without_data_plans_none() -> None:
    without = worlds.small().model_copy(update={"data": None})
    plan = plan_site(without, "main", "rehearsal")
    assert plan.data is None
    assert not {n.name for n in plan.namespaces} & {"backup", "database"}


def test_the_operators_charts_are_named_with_their_versions() -> None:
    charts = data_of(worlds.small(), "main").operators
    assert charts["velero"].startswith("oci://")
    assert charts["velero"].endswith(":1.17.0 in backup")
    assert isinstance(worlds.small().data, Data)
