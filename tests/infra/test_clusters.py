"""The stack between the sites: planned, described, transcribed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from infra.fleet import clusters
from infra.plan.cluster_objects import cluster_objects
from infra.plan.clusters import ClustersPlan, Infrastructure, plan_clusters
from infra.plan.errors import PlanError
from infra.plan.fleet import plan_fleet
from infra.plan.labels import RACK_LABEL, ZONE_LABEL
from infra.plan.size import resources_count
from policies.catalogue import check
from policies.manifests import manifests_of
from province.province import Province
from province.sites import Host, Purpose
from tests import worlds
from tests.infra import example
from tests.infra.recorded import Recording, record

HOSTS = tuple(
    Host(
        bmc_address=f"redfish-virtualmedia://[fd00::{i}]/redfish/v1",
        boot_mac=f"02:00:00:00:00:0{i}",
    )
    for i in range(1, 5)
)


def plan(environment: str = "rehearsal", world: Province | None = None) -> ClustersPlan:
    return plan_clusters(plan_fleet(world or example.small(), environment))


def racked() -> Province:
    return worlds.with_pool(example.small(), "wuxi", Purpose.PLATFORM, hosts=HOSTS)


@cache
def rehearsed() -> Recording:
    return record(plan())


@cache
def produced() -> Recording:
    return record(plan("production", racked()))


def test_every_branch_has_a_cluster_and_the_main_site_manages_them() -> None:
    found = plan()
    assert [cluster.site for cluster in found.clusters] == ["suzhou", "wuxi"]
    assert (found.management, found.stack) == ("main", "rehearsal.fleet")


def test_the_jiangsu_clusters_have_all_planned_machines() -> None:
    fleet = plan_fleet(worlds.province(), "rehearsal")
    for cluster in plan_clusters(fleet).clusters:
        pools = (cluster.control, *cluster.workers)
        assert sum(pool.replicas for pool in pools) == len(fleet.site(cluster.site).nodes)


def test_another_branch_changes_no_others_objects() -> None:
    smaller = plan(world=worlds.without_site(example.small(), "wuxi"))
    assert smaller.clusters == plan().clusters[:1]


def test_no_site_may_be_called_as_the_stack() -> None:
    site = example.small().site("wuxi").model_copy(update={"id": "fleet"})
    world = worlds.without_site(example.small(), "wuxi")
    with pytest.raises(PlanError, match="'fleet'"):
        plan(world=world.model_copy(update={"sites": (*world.sites, site)}))


@pytest.mark.parametrize("recorded", [rehearsed, produced])
def test_the_stack_has_as_many_resources_as_the_plan_says(recorded: Any) -> None:  # noqa: ANN401 - either recording
    environment, world = ("rehearsal", None) if recorded is rehearsed else ("production", racked())
    assert len(recorded().all) + 1 == resources_count(plan(environment, world))


def test_what_is_referred_to_is_there() -> None:
    for environment in ("rehearsal", "production"):
        for cluster in plan(environment).clusters:
            objects = cluster_objects(cluster)
            known = {(made.kind, made.name) for made in objects}
            referred = {pair for made in objects for pair in _references(made.spec)}
            assert referred <= known
            assert len(known) == len(objects)


def _references(value: object) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        if set(value) == {"apiGroup", "kind", "name"}:
            return [(value["kind"], value["name"])]
        return [pair for inner in value.values() for pair in _references(inner)]
    return (
        [pair for inner in value for pair in _references(inner)] if isinstance(value, list) else []
    )


def test_machines_and_their_addresses_are_the_branchs_own() -> None:
    clusters = rehearsed().of("Cluster")
    spec = clusters["Cluster/suzhou"]["spec"]
    site = plan_fleet(example.small(), "rehearsal").site("suzhou")
    assert spec["clusterNetwork"]["pods"]["cidrBlocks"] == [
        str(site.addresses.pods.ipv4),
        str(site.addresses.pods.ipv6),
    ]
    deployment = rehearsed().of("MachineDeployment")["MachineDeployment/suzhou-edge"]["spec"]
    assert deployment["replicas"] == 2
    assert deployment["template"]["metadata"]["labels"] == deployment["selector"]["matchLabels"]


def test_a_template_has_the_pools_size_and_no_machines_place() -> None:
    name = "MachineRoomMachineTemplate/suzhou-edge"
    spec = rehearsed().of("MachineRoomMachineTemplate")[name]["spec"]["template"]["spec"]
    assert (spec["cpuCores"], spec["memoryGiB"], spec["taint"]) == (
        16,
        64,
        "suyun.io/pool=edge:NoSchedule",
    )
    assert not {ZONE_LABEL, RACK_LABEL} & set(spec["labels"])


def test_silent_machines_are_replaced_but_not_many_at_once() -> None:
    checks = rehearsed().of("MachineHealthCheck")
    workers = checks["MachineHealthCheck/suzhou-workers"]["spec"]
    control = checks["MachineHealthCheck/suzhou-control-plane"]["spec"]
    assert workers["remediation"]["triggerIf"]["unhealthyLessThanOrEqualTo"] == "40%"
    assert control["remediation"]["triggerIf"]["unhealthyLessThanOrEqualTo"] == 1
    assert {c["status"] for c in control["checks"]["unhealthyNodeConditions"]} == {
        "Unknown",
        "False",
    }


def test_production_has_bare_metal_from_the_inventory() -> None:
    assert {c.infrastructure for c in plan("production").clusters} == {Infrastructure.METAL3}
    hosts = produced().of("BareMetalHost")
    assert len(hosts) == len(HOSTS)
    first = hosts["BareMetalHost/wuxi-platform-01"]
    assert first["spec"]["bootMACAddress"] == HOSTS[0].boot_mac
    assert first["spec"]["bmc"]["credentialsName"] == "wuxi-platform-01-bmc"
    assert first["metadata"]["labels"][ZONE_LABEL] == "z1"
    template = produced().of("Metal3MachineTemplate")["Metal3MachineTemplate/wuxi-platform"]
    chosen = template["spec"]["template"]["spec"]["hostSelector"]["matchLabels"]
    assert chosen.items() <= first["metadata"]["labels"].items()
    endpoint = produced().of("Metal3Cluster")["Metal3Cluster/wuxi"]["spec"]["controlPlaneEndpoint"]
    site = plan_fleet(example.small(), "production").site("wuxi")
    assert endpoint == {"host": str(site.addresses.control_plane), "port": 6443}


def test_nodes_register_with_their_pools_labels_and_taints() -> None:
    spec = produced().of("KubeadmConfigTemplate")["KubeadmConfigTemplate/wuxi-edge"]["spec"]
    registration = spec["template"]["spec"]["joinConfiguration"]["nodeRegistration"]
    (argument,) = registration["kubeletExtraArgs"]
    assert "suyun.io/pool=edge" in argument["value"].split(",")
    assert registration["taints"] == [
        {"key": "suyun.io/pool", "value": "edge", "effect": "NoSchedule"}
    ]


@pytest.mark.parametrize("recorded", [rehearsed, produced])
def test_no_rule_is_broken(recorded: Any) -> None:  # noqa: ANN401 - either recording
    manifests = [
        manifest
        for made in recorded().all
        if made.type.startswith("kubernetes:") and "kind" in made.inputs
        for manifest in manifests_of(made.inputs, made.name)
    ]
    assert len(manifests) > 20
    assert check(manifests) == ()


def standing(site: str, replicas: int, *, available: bool = True) -> dict[str, Any]:
    told = {"type": "Available", "status": str(available), "message": "workers: 1 of 2 are ready"}
    counts = {"replicas": replicas, "availableReplicas": replicas}
    return {"metadata": {"name": site}, "status": {"conditions": [told], **counts}}


def test_the_gate_names_each_cluster_that_is_not_there_and_says_why() -> None:
    known = {"suzhou": standing("suzhou", 3, available=False), "fresh": {}}
    assert list(clusters._missing("wuxi", known)) == ["Cluster wuxi: is not there"]
    assert list(clusters._missing("suzhou", known)) == ["Cluster suzhou: workers: 1 of 2 are ready"]
    assert list(clusters._missing("fresh", known)) == ["Cluster fresh: nobody said so far"]
    assert list(clusters._missing("suzhou", {"suzhou": standing("suzhou", 3)})) == []


def test_the_gate_holds_the_machines_to_the_plan() -> None:
    (suzhou, _) = plan().clusters
    pools = {"suzhou": suzhou.control, **{pool.name: pool for pool in suzhou.workers}}
    owners = {name: standing(name, pool.replicas) for name, pool in pools.items()}
    of_suzhou = replace(plan(), clusters=(suzhou,))
    assert list(clusters._short_of(of_suzhou, owners)) == []
    short = {**owners, "suzhou-edge": standing("suzhou-edge", 1)}
    assert list(clusters._short_of(of_suzhou, short)) == ["suzhou-edge: 1 of 2 machines are ready"]
    owners.pop("suzhou-edge")
    assert list(clusters._short_of(of_suzhou, owners)) == ["suzhou-edge: 0 of 2 machines are ready"]
