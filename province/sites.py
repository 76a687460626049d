"""Sites: the main center and its branches, their places, nodes, prefixes and people."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from province.value import Id, Sourced, Value

DivisionCode = Annotated[str, Field(pattern=r"^32\d{4}$")]
"""A six-digit administrative division code of Jiangsu (GB/T 2260)."""


class Role(StrEnum):
    """What a site is in the province."""

    MAIN = "main"
    BRANCH = "branch"


class Purpose(StrEnum):
    """What a node pool is for; also its `suyun.io/pool` label."""

    CONTROL = "control"
    PLATFORM = "platform"
    EDGE = "edge"
    STORAGE = "storage"


class Prefixes(Value):
    """The address space of one site; every finer prefix is cut from it (`infra.plan`)."""

    ipv4: IPv4Network
    ipv6: IPv6Network


class Zone(Value):
    """A failure domain inside a site: its own power and cooling; racks lie in it."""

    id: Id
    racks: Annotated[tuple[Id, ...], Field(min_length=1)]


class Host(Value):
    """A machine that is racked: its management controller (a Redfish URL) and its boot card."""

    bmc_address: Annotated[str, Field(pattern=r"^[a-z0-9+-]+://\S+$")]
    boot_mac: Annotated[str, Field(pattern=r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")]


class NodePool(Value):
    """`count` equal machines, spread round-robin over the site's zones and racks.

    `hosts` is the inventory: all of them in order, or none while they are not racked.
    """

    purpose: Purpose
    count: PositiveInt
    cpu_cores: PositiveInt
    memory_gib: PositiveInt
    pods_max: PositiveInt = 110
    disks: NonNegativeInt = 0
    disk_tb: NonNegativeInt = 0
    hosts: tuple[Host, ...] = ()


class County(Value):
    """A county, county-level city or urban district: the third tier."""

    id: Id
    name: str
    pinyin: str
    code: DivisionCode
    schools: PositiveInt


class Audience(Value):
    """The people of one prefecture city. Unit: persons, and schools of all kinds."""

    population: Sourced
    students: Sourced
    teachers: Sourced
    schools: Sourced


class Site(Value):
    """One data center. A branch serves the prefecture that it stands in.

    `takeover_users` are those of the site that it backs up. They stand in its own row, so that
    no site's plan depends on another's; `province.relations` holds them against the ring.
    `former_partner` has older backups still, while they are moved to another `backup_partner`.
    """

    id: Id
    role: Role
    name: str
    pinyin: str
    prefecture: Id
    code: DivisionCode
    prefixes: Prefixes
    zones: Annotated[tuple[Zone, ...], Field(min_length=1)]
    nodes: Annotated[tuple[NodePool, ...], Field(min_length=1)]
    backup_partner: Id
    former_partner: Id | None = None
    uplink_gbps: PositiveFloat
    internet_gbps: float = Field(default=0, ge=0)
    users_concurrent: NonNegativeInt = 0
    takeover_users: NonNegativeInt = 0
    audience: Audience | None = None
    counties: tuple[County, ...] = ()

    @property
    def users_at_most(self) -> int:
        """Its own users and those of the one site that it backs up."""
        return self.users_concurrent + self.takeover_users

    def pool(self, purpose: Purpose) -> NodePool | None:
        """The site's pool for that purpose, if it has one."""
        return next((pool for pool in self.nodes if pool.purpose is purpose), None)
