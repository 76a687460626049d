"""Services that stand at the main center alone: the one realm, and the way to the national center.

Addresses are configuration: what is reached outside the province is named here and nowhere else.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import Field

from province.platform import Compute
from province.value import Value

_GROWTH = 2
"""Planning: on the morning that a term begins, twice as many come as on any other."""


class CenterService(Value):
    """One service. Two replicas or more, so that a zone may fail."""

    image: Annotated[str, Field(pattern=r"^\S+@sha256:[0-9a-f]{64}$")]
    replicas: Annotated[int, Field(ge=2)]
    requests: Compute
    limits: Compute

    @property
    def replicas_max(self) -> int:
        """To which it may grow by itself."""
        return self.replicas * _GROWTH


class NationalCenter(Value):
    """Where the national education data center takes records, by mutual TLS."""

    host: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
    port: Annotated[int, Field(ge=1, le=65535)] = 443
    ipv4: IPv4Network
    ipv6: IPv6Network


class ExchangeService(CenterService):
    """The exchange gateway, and the only place outside that it may talk to."""

    national: NationalCenter


class Center(Value):
    """All of them."""

    identity: CenterService
    exchange: ExchangeService

    @property
    def services(self) -> tuple[CenterService, ...]:
        """In the order in which they are planned."""
        return (self.identity, self.exchange)
