"""The site's edge as Gateway API objects: class, gateway and routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from infra.components.metadata import metadata
from infra.plan.values import GatewayPlan, RoutePlan

_API = "gateway.networking.k8s.io/v1"


class Gateway(pulumi.ComponentResource):
    """Routes live beside the Services they lead to; the listener says which namespaces may attach.

    `namespaces` are the components of the namespaces that routes and gateway live in, by name.
    """

    def __init__(
        self,
        plan: GatewayPlan,
        labels: Mapping[str, str],
        namespaces: Mapping[str, Sequence[pulumi.Resource]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("suyun:edge:Gateway", plan.name, None, opts)
        self._plan = plan
        self._labels = labels
        self._namespaces = namespaces
        self._class()
        self._gateway()
        for route in plan.routes:
            self._route(route)
        self.register_outputs({"hostname": plan.hostname})

    def _class(self) -> None:
        CustomResource(
            self._plan.class_name,
            api_version=_API,
            kind="GatewayClass",
            metadata=metadata(self._plan.class_name, self._labels),
            spec={"controllerName": self._plan.controller},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _gateway(self) -> None:
        CustomResource(
            f"{self._plan.namespace}/{self._plan.name}",
            api_version=_API,
            kind="Gateway",
            metadata=metadata(self._plan.name, self._labels, self._plan.namespace),
            spec={
                "gatewayClassName": self._plan.class_name,
                "addresses": [
                    {"type": "IPAddress", "value": address} for address in self._plan.addresses
                ],
                "listeners": [_listener(self._plan)],
            },
            opts=self._inside(self._plan.namespace),
        )

    def _route(self, route: RoutePlan) -> None:
        CustomResource(
            f"{route.namespace}/{route.name}",
            api_version=_API,
            kind="HTTPRoute",
            metadata=metadata(route.name, self._labels, route.namespace),
            spec={
                "parentRefs": [{"name": self._plan.name, "namespace": self._plan.namespace}],
                "hostnames": [self._plan.hostname],
                "rules": [_rule(route)],
            },
            opts=self._inside(route.namespace),
        )

    def _inside(self, namespace: str) -> pulumi.ResourceOptions:
        needs = self._namespaces[namespace]
        return pulumi.ResourceOptions(parent=self, depends_on=list(needs), deleted_with=needs[0])


def _listener(plan: GatewayPlan) -> dict[str, Any]:
    namespaces = sorted({route.namespace for route in plan.routes})
    name_is_one_of_them = {
        "key": "kubernetes.io/metadata.name",
        "operator": "In",
        "values": namespaces,
    }
    return {
        "name": "https",
        "hostname": plan.hostname,
        "port": plan.port,
        "protocol": "HTTPS",
        "tls": {
            "mode": "Terminate",
            "certificateRefs": [{"group": "", "kind": "Secret", "name": plan.tls_secret}],
        },
        "allowedRoutes": {
            "namespaces": {
                "from": "Selector",
                "selector": {"matchExpressions": [name_is_one_of_them]},
            }
        },
    }


def _rule(route: RoutePlan) -> dict[str, Any]:
    return {
        "matches": [
            {"path": {"type": "PathPrefix", "value": prefix}} for prefix in route.path_prefixes
        ],
        "backendRefs": [
            {
                "group": "",
                "kind": "Service",
                "name": route.service,
                "port": route.port,
                "weight": 1,
            }
        ],
    }
