"""What a site's cluster says of its Services and Gateways: evidence for IPv6."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evidence.records import AddressRecord
from infra.fleet.cluster import cluster
from infra.plan.values import SitePlan

_NONE = "None"
"""A headless Service's address."""


def addresses_of(plan: SitePlan, kubeconfig: Path) -> tuple[AddressRecord, ...]:
    """Every Service and Gateway of ours in that cluster. Blocks.

    Raises FleetError when the cluster does not answer.
    """
    with cluster(plan, kubeconfig) as look:
        return (*_services(plan, look.services()), *_gateways(plan, look.gateways()))


def _services(plan: SitePlan, found: list[Any]) -> Iterator[AddressRecord]:
    for service in found:
        given = service.spec.cluster_ips or ()
        yield AddressRecord.model_validate(
            {
                "site": plan.site,
                "kind": "Service",
                "namespace": service.metadata.namespace,
                "name": service.metadata.name,
                "addresses": [address for address in given if address != _NONE],
                "families": service.spec.ip_families or (),
            }
        )


def _gateways(plan: SitePlan, found: list[Any]) -> Iterator[AddressRecord]:
    for gateway in found:
        asked = gateway["spec"].get("addresses", ())
        yield AddressRecord.model_validate(
            {
                "site": plan.site,
                "kind": "Gateway",
                "namespace": gateway["metadata"]["namespace"],
                "name": gateway["metadata"]["name"],
                "addresses": [one["value"] for one in asked if one.get("type") == "IPAddress"],
            }
        )
