"""Rules about who reaches whom: network policies, Services, Gateways."""

from __future__ import annotations

import pytest

from tests.policies.judging import evidence


def policy(rest: str, namespace: str = "city") -> str:
    return (
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, "
        f"metadata: {{name: a, namespace: {namespace}}}, spec: {{{rest}}}}}"
    )


@pytest.mark.parametrize(
    ("rest", "seen"),
    [
        ("", None),
        ("ingress: []", None),
        ("ingress: [{}]", "spec.ingress[0].from is empty, which means everybody"),
        ("egress: [{to: []}]", "spec.egress[0].to is empty, which means everybody"),
        ("egress: [{ports: [{port: 53}]}]", "spec.egress[0].to is empty, which means everybody"),
        ("egress: [{to: [{}]}]", "spec.egress[0].to[0] names nobody"),
        ("egress: [{to: [{podSelector: {}}]}]", None),
        (
            "ingress: [{from: [{namespaceSelector: {}}]}]",
            "spec.ingress[0].from[0].namespaceSelector is empty, which means every namespace",
        ),
        (
            "ingress: [{from: [{namespaceSelector: {}, podSelector: {}}]}]",
            "spec.ingress[0].from[0].namespaceSelector is empty, which means every namespace",
        ),
        (
            "ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}]}]",
            None,
        ),
        ("egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]", None),
        ('egress: [{to: [{ipBlock: {cidr: "fd00::/8"}}]}]', None),
        (
            "egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]",
            'spec.egress[0].to[0].ipBlock.cidr is "0.0.0.0/0"',
        ),
        (
            "egress: [{to: [{ipBlock: {cidr: 10.0.0.1/0}}]}]",
            'spec.egress[0].to[0].ipBlock.cidr is "10.0.0.1/0"',
        ),
        (
            "egress: [{to: [{ipBlock: {cidr: everywhere}}]}]",
            'spec.egress[0].to[0].ipBlock.cidr is "everywhere"',
        ),
        ("egress: [{to: [{ipBlock: {}}]}]", "spec.egress[0].to[0].ipBlock.cidr is missing"),
    ],
)
def test_a_peer_is_somebody(rest: str, seen: str | None) -> None:
    assert evidence("network-policies-name-their-peers", policy(rest)) == ([seen] if seen else [])


@pytest.mark.parametrize(
    ("rest", "is_fine"),
    [
        ("ingress: [{ports: [{port: 443}]}]", True),
        ("ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 443}]}]", True),
        ("ingress: [{}]", False),
        ("egress: [{ports: [{port: 443}]}]", False),
    ],
)
def test_the_edge_admits_everybody_on_named_ports_and_sends_to_nobody(
    rest: str, *, is_fine: bool
) -> None:
    findings = evidence("network-policies-name-their-peers", policy(rest, namespace="edge"))
    assert (findings == []) is is_fine


def service(spec: str, namespace: str = "city") -> str:
    return (
        "{apiVersion: v1, kind: Service, "
        f"metadata: {{name: a, namespace: {namespace}}}, spec: {{{spec}}}}}"
    )


@pytest.mark.parametrize(
    ("spec", "seen"),
    [
        ("ipFamilyPolicy: RequireDualStack", None),
        ("ipFamilyPolicy: RequireDualStack, ipFamilies: [IPv6, IPv4]", None),
        ("ipFamilyPolicy: PreferDualStack", 'spec.ipFamilyPolicy is "PreferDualStack"'),
        ("", "spec.ipFamilyPolicy is missing"),
        ("ipFamilyPolicy: RequireDualStack, ipFamilies: [IPv4]", 'spec.ipFamilies is ["IPv4"]'),
        ("type: ExternalName", None),
    ],
)
def test_a_service_requires_both_families(spec: str, seen: str | None) -> None:
    assert evidence("services-are-dual-stack", service(spec)) == ([seen] if seen else [])


@pytest.mark.parametrize(
    ("spec", "seen"),
    [
        ("", None),
        ("type: LoadBalancer", 'spec.type is "LoadBalancer"'),
        ("externalIPs: [192.0.2.1]", 'spec.externalIPs is ["192.0.2.1"]'),
        ("externalIPs: []", None),
    ],
)
def test_only_the_edge_is_exposed(spec: str, seen: str | None) -> None:
    assert evidence("services-not-exposed", service(spec)) == ([seen] if seen else [])
    assert evidence("services-not-exposed", service(spec, namespace="edge")) == []


def test_an_ingress_is_a_way_round_the_gateways() -> None:
    text = "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: edge}}"
    assert evidence("services-not-exposed", text) == ["an Ingress opens a way round the Gateways"]


@pytest.mark.parametrize(
    ("listeners", "seen"),
    [
        ("[{protocol: TLS, tls: {mode: Passthrough}}]", None),
        ("[{protocol: HTTPS, tls: {mode: Terminate, certificateRefs: [{name: a}]}}]", None),
        (
            "[{protocol: HTTPS, tls: {mode: Strange, certificateRefs: [{name: a}]}}]",
            'spec.listeners[0].tls.mode is "Strange"',
        ),
        (
            "[{protocol: HTTPS, tls: {certificateRefs: []}}]",
            "spec.listeners[0].tls.certificateRefs is []",
        ),
        (
            "[{protocol: TCP, tls: {certificateRefs: [{name: a}]}}]",
            'spec.listeners[0].protocol is "TCP"',
        ),
        ("[]", "spec.listeners is []"),
    ],
)
def test_a_listener_speaks_tls(listeners: str, seen: str | None) -> None:
    text = (
        "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, "
        f"metadata: {{name: edge, namespace: edge}}, spec: {{listeners: {listeners}}}}}"
    )
    assert evidence("gateways-are-tls-only", text) == ([seen] if seen else [])


def test_a_gateway_of_another_api_is_not_ours_to_judge() -> None:
    text = "{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a}, spec: {}}"
    assert evidence("gateways-are-tls-only", text) == []
