"""The values of a site's Ceph: what Rook's objects are written from."""

from __future__ import annotations

from dataclasses import dataclass

from infra.plan.blocks import BlocksPlan
from infra.plan.object_store import ObjectStorePlan, ZonePlan
from infra.plan.storage import StoragePlan
from province.platform import Compute


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewaysPlan:
    """Gateways of one zone: those that clients come to, or the one that replicates.

    Two that replicate wait for each other's locks, and objects arrive later.
    """

    name: str
    zone: str
    hostname: str
    instances: int
    is_sync: bool

    @property
    def service(self) -> str:
        """The Service that Rook makes for them."""
        return f"rook-ceph-rgw-{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class DoorPlan:
    """How gateways are reached from outside: a Gateway at the edge, a listener for each host name.

    `addresses` are where it is reached in production, one of each family. The Secret `tls_secret`
    with the certificate for all of them is put beside it.
    """

    name: str
    namespace: str
    class_name: str
    addresses: tuple[str, ...]
    port: int
    tls_secret: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CephPlan:
    """A site's Ceph as Rook makes it, on the hosts and with the pools of `storage`.

    `objects` is the site's part of the province's object store, `blocks` its volumes. Prefixes are
    in CIDR notation, of both families: `public_prefixes` are reached by gateways,
    `cluster_prefixes` by OSDs alone.
    """

    name: str
    namespace: str
    site: str
    image: str
    mons: int
    storage: StoragePlan
    daemon: Compute
    osd: Compute
    public_prefixes: tuple[str, ...]
    cluster_prefixes: tuple[str, ...]
    objects: ObjectStorePlan
    gateways: tuple[GatewaysPlan, ...]
    door: DoorPlan
    blocks: BlocksPlan
    is_retained: bool

    @property
    def users(self) -> tuple[str, ...]:
        """The realm's users that are made at this site: all where the realm is, none elsewhere."""
        return () if self.objects.pulled_from(self.site) else self.objects.users

    @property
    def zones(self) -> tuple[ZonePlan, ...]:
        """What lies at this site: its own objects first, then those that it keeps for others."""
        return self.objects.zones_at(self.site)
