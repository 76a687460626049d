"""Rules about Services: on both families of addresses, and behind the edge."""

from __future__ import annotations

from collections.abc import Iterator

from infra.plan.edge import EDGE_NAMESPACE
from policies.field import Problem, equals, forbid, require
from policies.manifest import Manifest
from policies.norms import gbt, k8s
from policies.rule import ManifestRule

_FAMILIES = {"IPv4", "IPv6"}


def _dual_stack(manifest: Manifest) -> Iterator[Problem]:
    spec = manifest.root["spec"]
    if not manifest.is_a("Service", group="") or spec["type"].value == "ExternalName":
        return  # an ExternalName is a DNS alias: it has no address of its own
    policy, families = spec["ipFamilyPolicy"], spec["ipFamilies"]
    hint = f"set {policy.path} to RequireDualStack (PreferDualStack falls back without a word)"
    yield from require(policy, equals("RequireDualStack"), hint)
    hint = f"set {families.path} to [IPv4, IPv6]"
    yield from forbid(families, lambda value: not _has_both(value), hint)


def _has_both(value: object) -> bool:
    return isinstance(value, list) and all(family in value for family in _FAMILIES)


def _not_exposed(manifest: Manifest) -> Iterator[Problem]:
    if manifest.is_a("Ingress", group="networking.k8s.io"):
        yield Problem("an Ingress opens a way round the Gateways", "make it an HTTPRoute")
    if not manifest.is_a("Service", group="") or manifest.namespace == EDGE_NAMESPACE:
        return
    kind, addresses = manifest.root["spec"]["type"], manifest.root["spec"]["externalIPs"]
    hint = f"set {kind.path} to ClusterIP and route to it with an HTTPRoute"
    yield from forbid(kind, equals("NodePort", "LoadBalancer"), hint)
    hint = f"remove {addresses.path} and route to it with an HTTPRoute"
    yield from forbid(addresses, lambda value: value != [], hint)


RULES = (
    ManifestRule(
        id="services-are-dual-stack",
        sentence="Each Service answers on IPv4 and on IPv6",
        claim="ipv6",
        rationale="The backbone moves to IPv6 while schools still come by IPv4; a Service of one "
        "family is found only when somebody of the other cannot reach it.",
        references=(k8s("IPv4/IPv6 dual-stack"),),
        judge=_dual_stack,
        keeps="""\
apiVersion: v1
kind: Service
metadata: {name: catalogue, namespace: city}
spec: {ipFamilyPolicy: RequireDualStack, ipFamilies: [IPv4, IPv6]}
""",
        breaks="""\
apiVersion: v1
kind: Service
metadata: {name: catalogue, namespace: city}
spec: {ipFamilyPolicy: SingleStack, ipFamilies: [IPv4]}
""",
    ),
    ManifestRule(
        id="services-not-exposed",
        sentence="Only the edge is reachable from outside",
        claim="security",
        rationale="Each further way in has to be protected, logged and counted; the budget of the "
        "Internet access and the audit hold only if all traffic passes the Gateways.",
        references=(gbt("8.1.3.1 ABS1-01 (only controlled interfaces)"),),
        judge=_not_exposed,
        keeps="""\
apiVersion: v1
kind: Service
metadata: {name: catalogue, namespace: city}
spec: {type: ClusterIP}
""",
        breaks="""\
apiVersion: v1
kind: Service
metadata: {name: catalogue, namespace: city}
spec: {type: NodePort}
""",
    ),
)
