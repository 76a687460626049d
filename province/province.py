"""The province as one frozen value: the root of `stacks/province.yaml`."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import Field

from province.assumptions import StorageGrowth, Traffic
from province.center import Center
from province.data import Data
from province.holdings import Holding
from province.load_cost import LoadRig
from province.objectives import Objectives
from province.platform import Platform, TierShares
from province.sites import Role, Site
from province.value import Id, Value


class Addressing(Value):
    """The address space that all sites' prefixes are cut from."""

    ipv4: IPv4Network
    ipv6: IPv6Network


class Province(Value):
    """Everything that was promised and everything that exists."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    id: Id
    name: str
    pinyin: str
    kubernetes_version: Annotated[str, Field(pattern=r"^1\.\d+\.\d+$")]
    addressing: Addressing
    objectives: Objectives
    storage: StorageGrowth
    traffic: Traffic
    holdings: tuple[Holding, ...] = ()
    platform: Platform
    load_rig: LoadRig | None = None
    data: Data | None = None
    tiers: TierShares
    center: Center
    sites: Annotated[tuple[Site, ...], Field(min_length=1)]

    def site(self, site_id: str) -> Site:
        """The site of that id. Raises KeyError when the province has none."""
        for site in self.sites:
            if site.id == site_id:
                return site
        raise KeyError(site_id)

    @property
    def main(self) -> Site:
        """The main data center."""
        return next(site for site in self.sites if site.role is Role.MAIN)

    @property
    def branches(self) -> tuple[Site, ...]:
        """The branch centers, in the order of the file."""
        return tuple(site for site in self.sites if site.role is Role.BRANCH)

    @property
    def users_concurrent(self) -> int:
        """Users that all branches together serve at once; who uses main is one of them."""
        return sum(site.users_concurrent for site in self.branches)
