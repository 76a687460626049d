"""A tier's namespace: quota, container defaults, service accounts, and walls on all sides."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.networking import v1 as networking

from infra.components.compute import amounts
from infra.components.metadata import metadata
from infra.plan.edge import HTTPS_PORT
from infra.plan.labels import namespace_labels, tier_labels
from infra.plan.values import Destination, DualStack, NamespacePlan, Quota

_NAME_LABEL = "kubernetes.io/metadata.name"
_DNS_PORTS = (("UDP", 53), ("TCP", 53))


class Namespace(pulumi.ComponentResource):
    """A namespace and all that bounds what is put into it."""

    def __init__(
        self, plan: NamespacePlan, labels: Mapping[str, str], opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("suyun:tier:Namespace", plan.name, None, opts)
        self._plan = plan
        self._labels = {**labels, **tier_labels(plan.tier, plan.county)}
        self.namespace = core.Namespace(
            plan.name,
            metadata=metadata(plan.name, {**labels, **namespace_labels(plan)}),
            opts=pulumi.ResourceOptions(
                parent=self, protect=plan.is_retained, retain_on_delete=plan.is_retained
            ),
        )
        self._inside = pulumi.ResourceOptions(
            parent=self, depends_on=[self.namespace], deleted_with=self.namespace
        )
        self._quota()
        self._limits = self._container_limits()
        self._wall()
        self._accounts = {name: self._account(name) for name in plan.service_accounts}
        self.register_outputs({})

    def needed_by_pods(self, service_account: str) -> tuple[pulumi.Resource, ...]:
        """What has to be there before pods of that service account can be admitted."""
        return (self.namespace, self._limits, self._accounts[service_account])

    def _quota(self) -> None:
        core.ResourceQuota(
            self._logical("quota"),
            metadata=self._metadata("quota"),
            spec=core.ResourceQuotaSpecArgs(hard=_hard(self._plan.quota)),
            opts=self._inside,
        )

    def _container_limits(self) -> core.LimitRange:
        return core.LimitRange(
            self._logical("limits"),
            metadata=self._metadata("limits"),
            spec=core.LimitRangeSpecArgs(limits=[_container_default(self._plan.quota)]),
            opts=self._inside,
        )

    def _wall(self) -> None:
        networking.NetworkPolicy(
            self._logical("default-deny"),
            metadata=self._metadata("default-deny"),
            spec=networking.NetworkPolicySpecArgs(
                pod_selector={}, policy_types=["Ingress", "Egress"]
            ),
            opts=self._inside,
        )
        networking.NetworkPolicy(
            self._logical("allow-planned"),
            metadata=self._metadata("allow-planned"),
            spec=networking.NetworkPolicySpecArgs(
                pod_selector={},
                policy_types=["Ingress", "Egress"],
                ingress=_ingress(self._plan),
                egress=_egress(self._plan),
            ),
            opts=self._inside,
        )

    def _account(self, name: str) -> core.ServiceAccount:
        return core.ServiceAccount(
            self._logical(name),
            metadata=self._metadata(name),
            automount_service_account_token=False,
            opts=self._inside,
        )

    def _metadata(self, name: str) -> ObjectMetaArgs:
        return metadata(name, self._labels, self._plan.name)

    def _logical(self, name: str) -> str:
        return f"{self._plan.name}/{name}"


def _hard(quota: Quota) -> dict[str, str]:
    return {
        "requests.cpu": f"{quota.cpu_millis}m",
        "requests.memory": f"{quota.memory_mib}Mi",
        "pods": str(quota.pods),
    }


def _container_default(quota: Quota) -> core.LimitRangeItemArgs:
    default = amounts(quota.container_default)
    return core.LimitRangeItemArgs(type="Container", default=default, default_request=default)


def _ingress(plan: NamespacePlan) -> list[networking.NetworkPolicyIngressRuleArgs]:
    rules = [
        networking.NetworkPolicyIngressRuleArgs(
            ports=[networking.NetworkPolicyPortArgs(protocol="TCP", port=port)]
        )
        for port in plan.public_ports
    ]
    if plan.ingress_namespaces:
        peers = [_peer(plan.ingress_namespaces)]
        rules.append(networking.NetworkPolicyIngressRuleArgs(from_=peers))
    return [*rules, *(_from_outside(caller) for caller in plan.callers)]


def _from_outside(caller: Destination) -> networking.NetworkPolicyIngressRuleArgs:
    block = networking.IPBlockArgs(cidr=str(caller.prefix))
    return networking.NetworkPolicyIngressRuleArgs(
        from_=[networking.NetworkPolicyPeerArgs(ip_block=block)],
        ports=[networking.NetworkPolicyPortArgs(protocol="TCP", port=caller.port)],
    )


def _egress(plan: NamespacePlan) -> list[networking.NetworkPolicyEgressRuleArgs]:
    rules = [_dns()]
    if plan.egress_namespaces:
        peers = [_peer(plan.egress_namespaces)]
        rules.append(networking.NetworkPolicyEgressRuleArgs(to=peers))
    if plan.egress_prefixes:
        rules.append(_by_https(plan.egress_prefixes))
    return [*rules, *(_outside(destination) for destination in plan.destinations)]


def _outside(destination: Destination) -> networking.NetworkPolicyEgressRuleArgs:
    block = networking.IPBlockArgs(cidr=str(destination.prefix))
    return networking.NetworkPolicyEgressRuleArgs(
        to=[networking.NetworkPolicyPeerArgs(ip_block=block)],
        ports=[
            networking.NetworkPolicyPortArgs(
                protocol="TCP", port=destination.port, end_port=destination.port_last
            )
        ],
    )


def _by_https(prefixes: tuple[DualStack, ...]) -> networking.NetworkPolicyEgressRuleArgs:
    """HTTPS to whatever has an address in those prefixes: the edges of sites."""
    return networking.NetworkPolicyEgressRuleArgs(
        to=_blocks(prefixes),
        ports=[networking.NetworkPolicyPortArgs(protocol="TCP", port=HTTPS_PORT)],
    )


def _blocks(prefixes: tuple[DualStack, ...]) -> list[networking.NetworkPolicyPeerArgs]:
    return [
        networking.NetworkPolicyPeerArgs(ip_block=networking.IPBlockArgs(cidr=str(block)))
        for both in prefixes
        for block in (both.ipv4, both.ipv6)
    ]


def _peer(namespaces: tuple[str, ...]) -> networking.NetworkPolicyPeerArgs:
    return networking.NetworkPolicyPeerArgs(
        namespace_selector={
            "match_expressions": [
                {"key": _NAME_LABEL, "operator": "In", "values": list(namespaces)}
            ]
        }
    )


def _dns() -> networking.NetworkPolicyEgressRuleArgs:
    return networking.NetworkPolicyEgressRuleArgs(
        to=[
            networking.NetworkPolicyPeerArgs(
                namespace_selector={"match_labels": {_NAME_LABEL: "kube-system"}},
                pod_selector={"match_labels": {"k8s-app": "kube-dns"}},
            )
        ],
        ports=[
            networking.NetworkPolicyPortArgs(protocol=protocol, port=port)
            for protocol, port in _DNS_PORTS
        ],
    )
