from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import pytest

from infra.plan.site import plan_site
from infra.plan.size import resources_count
from infra.plan.values import SitePlan
from tests.infra import example
from tests.infra.recorded import Recording, record


def suzhou() -> SitePlan:
    return plan_site(example.small(), "suzhou", "rehearsal")


@cache
def recording() -> Recording:
    return record(suzhou())


def pod() -> dict[str, Any]:
    spec: dict[str, Any] = recording().of("Deployment")["city/login"]["spec"]["template"]["spec"]
    return spec


def test_a_stack_has_as_many_resources_as_the_plan_says() -> None:
    stack_itself = 1
    assert len(recording().all) + stack_itself == resources_count(suzhou())


def test_each_object_bears_its_site_and_is_not_awaited() -> None:
    for registered in recording().all:
        metadata = registered.inputs.get("metadata")
        if metadata is not None:
            assert metadata["labels"]["suyun.io/site"] == "suzhou", registered.name
            assert metadata["labels"]["suyun.io/environment"] == "rehearsal"
            assert metadata["annotations"]["pulumi.com/skipAwait"] == "true"
            assert metadata["annotations"]["pulumi.com/patchForce"] == "true"


def test_namespaces_keep_pods_restricted_and_name_their_tier() -> None:
    labels = recording().of("Namespace")["county-gusu"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert labels["suyun.io/tier"] == "county"
    assert labels["suyun.io/county"] == "gusu"


def test_a_quota_says_what_the_plan_says() -> None:
    quota = next(n.quota for n in suzhou().namespaces if n.name == "city")
    assert recording().of("ResourceQuota")["city/quota"]["spec"]["hard"] == {
        "requests.cpu": f"{quota.cpu_millis}m",
        "requests.memory": f"{quota.memory_mib}Mi",
        "pods": str(quota.pods),
    }


def test_containers_without_amounts_get_a_default() -> None:
    limits = recording().of("LimitRange")["school/limits"]["spec"]["limits"]
    assert limits == [
        {
            "type": "Container",
            "default": {"cpu": "100m", "memory": "128Mi"},
            "defaultRequest": {"cpu": "100m", "memory": "128Mi"},
        }
    ]


def test_every_namespace_denies_both_ways_first() -> None:
    policies = recording().of("NetworkPolicy")
    for namespace in suzhou().namespaces:
        assert policies[f"{namespace.name}/default-deny"]["spec"] == {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
        }


def test_the_city_may_be_reached_from_its_neighbours_alone() -> None:
    spec = recording().of("NetworkPolicy")["city/allow-planned"]["spec"]
    (rule,) = spec["ingress"]
    (expression,) = rule["from"][0]["namespaceSelector"]["matchExpressions"]
    assert expression["values"] == [
        "edge",
        "city",
        "county-gusu",
        "county-kunshan",
        "school",
        "province",
    ]
    assert "ports" not in rule


def test_names_can_be_resolved_from_everywhere() -> None:
    for namespace in suzhou().namespaces:
        policy = recording().of("NetworkPolicy")[f"{namespace.name}/allow-planned"]
        dns = policy["spec"]["egress"][0]
        assert {(p["protocol"], p["port"]) for p in dns["ports"]} == {("UDP", 53), ("TCP", 53)}


def test_only_the_edge_is_open_to_everybody() -> None:
    open_to_all = {
        name
        for name, inputs in recording().of("NetworkPolicy").items()
        if any("from" not in rule for rule in inputs["spec"].get("ingress", []))
    }
    assert open_to_all == {"edge/allow-planned"}


def test_service_accounts_mount_no_token() -> None:
    accounts = recording().of("ServiceAccount")
    assert "city/login" in accounts
    assert {a["automountServiceAccountToken"] for a in accounts.values()} == {False}


def test_a_pod_is_restricted() -> None:
    (container,) = pod()["containers"]
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod()["automountServiceAccountToken"] is False
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_a_pod_has_probes_resources_priority_and_account() -> None:
    (container,) = pod()["containers"]
    assert container["readinessProbe"]["httpGet"] == {"path": "/healthz/ready", "port": "http"}
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz/live"
    assert container["resources"] == {
        "requests": {"cpu": "500m", "memory": "512Mi"},
        "limits": {"cpu": "1000m", "memory": "1024Mi"},
    }
    assert pod()["priorityClassName"] == "suyun-city"
    assert pod()["serviceAccountName"] == "login"


def test_pods_are_spread_over_zones_first() -> None:
    zone, host = pod()["topologySpreadConstraints"]
    assert (zone["topologyKey"], zone["whenUnsatisfiable"]) == (
        "topology.kubernetes.io/zone",
        "DoNotSchedule",
    )
    assert host["whenUnsatisfiable"] == "ScheduleAnyway"


def test_limits_that_the_province_leaves_out_are_left_out() -> None:
    plan = suzhou()
    without = dataclasses.replace(plan.workloads[0], limits=None)
    changed = dataclasses.replace(plan, workloads=(without, *plan.workloads[1:]))
    deployment = record(changed).of("Deployment")["city/login"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert "limits" not in container["resources"]


def test_services_are_dual_stack_or_fail() -> None:
    for service in recording().of("Service").values():
        assert service["spec"]["ipFamilyPolicy"] == "RequireDualStack"
        assert service["spec"]["ipFamilies"] == ["IPv4", "IPv6"]


def test_budget_and_autoscaler_say_what_the_plan_says() -> None:
    assert recording().of("PodDisruptionBudget")["city/login"]["spec"]["minAvailable"] == 3
    autoscaler = recording().of("HorizontalPodAutoscaler")["city/login"]["spec"]
    assert (autoscaler["minReplicas"], autoscaler["maxReplicas"]) == (4, 8)
    assert autoscaler["metrics"][0]["resource"]["target"]["averageUtilization"] == 60


def test_the_gateway_terminates_tls_and_lets_planned_namespaces_attach() -> None:
    spec = recording().of("Gateway")["edge/edge"]["spec"]
    kinds = [(one["type"], "." in one["value"], ":" in one["value"]) for one in spec["addresses"]]
    assert kinds == [("IPAddress", True, False), ("IPAddress", False, True)]
    (listener,) = spec["listeners"]
    assert (listener["protocol"], listener["port"]) == ("HTTPS", 443)
    assert listener["tls"]["certificateRefs"][0]["name"] == "edge-tls"
    (expression,) = listener["allowedRoutes"]["namespaces"]["selector"]["matchExpressions"]
    assert expression["values"] == ["city"]


def test_a_route_leads_each_prefix_to_its_service() -> None:
    route = recording().of("HTTPRoute")["city/login"]
    (rule,) = route["spec"]["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/login"}}]
    assert rule["backendRefs"][0]["name"] == "login"
    assert route["spec"]["parentRefs"] == [{"name": "edge", "namespace": "edge"}]


def test_the_provider_is_known_by_its_cluster_and_not_by_its_kubeconfig() -> None:
    (provider,) = recording().of("kubernetes").values()
    assert provider["clusterIdentifier"] == "rehearsal.suzhou"
    assert provider["kubeconfig"] == "kubeconfig-of-the-test"


@pytest.mark.parametrize("tier", ["province", "city", "county", "school"])
def test_each_tier_has_a_priority_class(tier: str) -> None:
    assert recording().of("PriorityClass")[f"suyun-{tier}"]["value"] > 0


def test_roles_are_given_to_groups_where_the_plan_says() -> None:
    bindings = recording().of("RoleBinding")
    county = bindings["county-gusu/operators"]
    assert county["metadata"]["namespace"] == "county-gusu"
    assert county["roleRef"]["name"] == "suyun-tier-operator"
    (subject,) = county["subjects"]
    assert (subject["kind"], subject["name"]) == ("Group", "suyun:county:gusu")
    assert len(recording().of("ClusterRoleBinding")) == 3


def test_administrators_are_marked_and_the_security_one_binds_operators_alone() -> None:
    roles = recording().of("ClusterRole")
    marked = {r["metadata"]["labels"].get("suyun.io/administrator") for r in roles.values()}
    assert marked == {"system", "security", "audit", None}
    (binds,) = [
        rule for role in roles.values() for rule in role["rules"] if "bind" in rule["verbs"]
    ]
    assert binds["resourceNames"] == ["suyun-tier-operator"]
    assert binds["apiGroups"] == ["rbac.authorization.k8s.io"]
