"""The plan's values: what a site gets, in full, as frozen data.

Units are in the names: `cpu_millis` (thousandths of a core), `memory_mib`, `seconds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from infra.plan.ceph import CephPlan, DoorPlan
from infra.plan.queues import ComputePlan, HubPlan
from infra.plan.stateful import DataPlan
from infra.plan.storage import StoragePlan
from province.platform import Compute, Tier
from province.sites import Purpose, Role


@dataclass(frozen=True, kw_only=True, slots=True)
class DualStack:
    """One purpose's two prefixes."""

    ipv4: IPv4Network
    ipv6: IPv6Network

    def __str__(self) -> str:
        return f"{self.ipv4},{self.ipv6}"


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressPlan:
    """The prefixes of one site by purpose, all inside the site's own prefixes, all disjoint.

    `control_plane` is the address at which the site's API server is advertised.
    """

    nodes: DualStack
    pods: DualStack
    services: DualStack
    storage: DualStack
    management: DualStack
    control_plane: IPv4Address


@dataclass(frozen=True, kw_only=True, slots=True)
class HostPlan:
    """How a physical machine is reached before it has a system: its controller and its card."""

    bmc_address: str
    boot_mac: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NodePlan:
    """One machine. Labels name its zone, rack, pool and region; `host` is known once racked."""

    name: str
    purpose: Purpose
    zone: str
    rack: str
    cpu_cores: int
    memory_gib: int
    pods_max: int
    labels: Mapping[str, str]
    taint: str | None = None
    host: HostPlan | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """Hard limits of a namespace, and the defaults its containers get."""

    cpu_millis: int
    memory_mib: int
    pods: int
    container_default: Compute


@dataclass(frozen=True, kw_only=True, slots=True)
class NamespacePlan:
    """A tier's namespace at a site. Everything not listed is denied, both ways.

    `ingress_namespaces` and `egress_namespaces` are the namespaces it may talk with,
    `destinations` what it may reach outside, and `callers` who may come from there, to which port;
    `egress_prefixes` (sites' edges) are reached by HTTPS; `public_ports` are open to everybody.
    `pool` names the machines that its pods drive, if they drive any. What is in one that
    `is_retained` stays when the stack goes.
    """

    name: str
    tier: Tier
    county: str | None = None
    pod_security: str = "restricted"
    quota: Quota
    service_accounts: tuple[str, ...]
    ingress_namespaces: tuple[str, ...] = ()
    egress_namespaces: tuple[str, ...] = ()
    destinations: tuple[Destination, ...] = ()
    callers: tuple[Destination, ...] = ()
    egress_prefixes: tuple[DualStack, ...] = ()
    public_ports: tuple[int, ...] = ()
    pool: Purpose | None = None
    is_retained: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """A place outside the cluster: a prefix and a TCP port, or all up to `port_last`."""

    prefix: IPv4Network | IPv6Network
    port: int
    port_last: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MountPlan:
    """The files of a ConfigMap or Secret of that name, read-only at `path`."""

    name: str
    path: str
    secret: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkloadPlan:
    """One Deployment with its Service, disruption budget and autoscaler.

    `ready_path` answers 200 while it takes requests, `live_path` while it need not be restarted;
    both at `health_port` where that is another one. `mounts` have to be there before the pods are.
    """

    name: str
    namespace: str
    tier: Tier
    image: str
    port: int
    service_account: str
    replicas: int
    replicas_max: int
    available_min: int
    cpu_target_percent: int
    requests: Compute
    limits: Compute | None
    priority_class: str
    path_prefixes: tuple[str, ...]
    ready_path: str = "/healthz/ready"
    live_path: str = "/healthz/live"
    health_port: int | None = None
    arguments: tuple[str, ...] = ()
    mounts: tuple[MountPlan, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ServicePlan:
    """A service of the main center: a workload, and the ConfigMap `name` that it reads.

    `files` are name and text; none of them holds a secret. `realm` marks those of a realm.
    """

    name: str
    workload: WorkloadPlan
    files: tuple[tuple[str, str], ...]
    realm: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PriorityPlan:
    """A priority class; pods of a higher value are evicted last."""

    name: str
    value: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutePlan:
    """Which path prefixes go to which Service."""

    name: str
    path_prefixes: tuple[str, ...]
    namespace: str
    service: str
    port: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayPlan:
    """The site's edge: what the Gateway objects and the rehearsal's nginx are rendered from.

    `addresses` are where it is reached in production, one of each family.
    """

    name: str
    namespace: str
    hostname: str
    addresses: tuple[str, ...]
    port: int
    tls_secret: str
    replicas: int
    idle_seconds: int
    connections_max: int
    body_mib_max: int
    routes: tuple[RoutePlan, ...]
    class_name: str = "suyun-edge"
    controller: str = "gateway.nginx.org/nginx-gateway-controller"

    @property
    def site(self) -> str:
        """The site whose edge it is: its host name begins with it."""
        return self.hostname.partition(".")[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class RigPlan:
    """Locust's master and workers at the main site: two Jobs, parked until a load run begins.

    Each worker bears `users_each` at most. `arithmetic` says where the numbers come from.
    """

    namespace: str
    tier: Tier
    image: str
    port: int
    workers: int
    users_each: int
    master_requests: Compute
    master_limits: Compute
    worker_requests: Compute
    worker_limits: Compute
    priority_class: str
    arithmetic: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """Verbs on resources of one API group (empty: the core group); `names` narrows it to some."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RolePlan:
    """A ClusterRole. `administrator` names which of the three separate administrators it is."""

    name: str
    grants: tuple[Grant, ...]
    administrator: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BindingPlan:
    """A role given to a group of the realm; in one namespace, or in the whole cluster."""

    name: str
    role: str
    group: str
    namespace: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessPlan:
    """Who may do what at a site."""

    roles: tuple[RolePlan, ...]
    bindings: tuple[BindingPlan, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertPlan:
    """One alert: `expression` (PromQL) has been true for `for_seconds`."""

    name: str
    group: str
    expression: str
    summary: str
    severity: str = "critical"
    for_seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitoringPlan:
    """A site's alerts. `bucket_seconds` are the bounds that its histograms need."""

    name: str
    namespace: str
    alerts: tuple[AlertPlan, ...]
    bucket_seconds: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SitePlan:
    """All that one site gets. Equal provinces give equal plans.

    `takeover_users` are those of the one site whose users may have to be taken over.
    """

    site: str
    environment: str
    role: Role
    prefecture: str
    kubernetes_version: str
    users_concurrent: int
    takeover_users: int
    addresses: AddressPlan
    storage: StoragePlan | None = None
    ceph: CephPlan | None = None
    nodes: tuple[NodePlan, ...]
    namespaces: tuple[NamespacePlan, ...]
    workloads: tuple[WorkloadPlan, ...]
    gateway: GatewayPlan
    access: AccessPlan
    compute: ComputePlan
    monitoring: MonitoringPlan
    hub: HubPlan | None = None
    data: DataPlan | None = None
    services: tuple[ServicePlan, ...] = ()
    priority_classes: tuple[PriorityPlan, ...] = ()
    rig: RigPlan | None = None

    @property
    def deployments(self) -> tuple[WorkloadPlan, ...]:
        """Everything that runs at the site: the platform's workloads, then the services'."""
        return (*self.workloads, *(service.workload for service in self.services))

    @property
    def doors(self) -> tuple[GatewayPlan | DoorPlan, ...]:
        """Every Gateway of the site: the edge's, then the object store's where there is one."""
        return (self.gateway, *((self.ceph.door,) if self.ceph else ()))

    @property
    def stack(self) -> str:
        """The name of the Pulumi stack that transcribes this plan."""
        return f"{self.environment}.{self.site}"


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetPlan:
    """The plans of all sites of one environment, the main site first."""

    environment: str
    sites: tuple[SitePlan, ...]

    @property
    def main(self) -> SitePlan:
        """The main site's plan."""
        return self.sites[0]

    def site(self, site_id: str) -> SitePlan:
        """That site's plan. Raises KeyError when there is none."""
        for plan in self.sites:
            if plan.site == site_id:
                return plan
        raise KeyError(site_id)
