"""The site's edge: host name, routes, and how many connections it has to hold."""

from __future__ import annotations

import math

from infra.plan.addresses import edge_addresses, plan_addresses
from infra.plan.values import GatewayPlan, RoutePlan, WorkloadPlan
from province.sites import Site

EDGE_NAMESPACE = "edge"
TLS_SECRET = "edge-tls"  # noqa: S105 - the name of a Secret, not one
HTTPS_PORT = 443
IDLE_SECONDS = 600
"""A learner reads or watches for minutes between two requests; a new TLS handshake costs the
client and the edge 1.7 ms CPU (measured), an idle connection some 15 KiB. At 300 s a few hundred of
200,000 rehearsed users, who had rested before the hold, lost theirs."""
BODY_MIB_MAX = 64
"""A submission: a scanned exercise book or a short recording."""
_CONNECTIONS_PER_USER = 1
"""HTTP/1.1 keep-alive as the load's client has it; HTTP/2 needs no more."""
_CONNECTIONS_PER_REPLICA = 20_000
_REPLICAS_MIN = 2


def plan_gateway(site: Site, domain: str, workloads: tuple[WorkloadPlan, ...]) -> GatewayPlan:
    """The site's one gateway. `connections_max` has room for a failed site's users too."""
    connections = site.users_at_most * _CONNECTIONS_PER_USER
    return GatewayPlan(
        name="edge",
        namespace=EDGE_NAMESPACE,
        hostname=f"{site.id}.{domain}",
        addresses=edge_addresses(plan_addresses(site)),
        port=HTTPS_PORT,
        tls_secret=TLS_SECRET,
        replicas=max(_REPLICAS_MIN, math.ceil(connections / _CONNECTIONS_PER_REPLICA)),
        idle_seconds=IDLE_SECONDS,
        connections_max=connections,
        body_mib_max=BODY_MIB_MAX,
        routes=tuple(_route(workload) for workload in workloads if workload.path_prefixes),
    )


def _route(workload: WorkloadPlan) -> RoutePlan:
    return RoutePlan(
        name=workload.name,
        path_prefixes=workload.path_prefixes,
        namespace=workload.namespace,
        service=workload.name,
        port=workload.port,
    )
