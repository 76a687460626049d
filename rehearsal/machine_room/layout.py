"""Where a site's control plane listens and where its files lie."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from processes.errors import ProcessError

ETCD_CLIENT_PORT = 2379
ETCD_PEER_PORT = 2380
API_PORT = 6443
CONTROLLER_MANAGER_PORT = 10257
SCHEDULER_PORT = 10259
PORTS = (ETCD_CLIENT_PORT, ETCD_PEER_PORT, API_PORT, CONTROLLER_MANAGER_PORT, SCHEDULER_PORT)

NETWORK = IPv4Network("127.20.0.0/16")
"""Loopback addresses of the rehearsal: site number i, from 0, has 127.20.(i+1).1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteLayout:
    """One site's loopback address and folder."""

    site: str
    address: str
    folder: Path

    @property
    def pki(self) -> Path:
        """Certificates and keys."""
        return self.folder / "pki"

    @property
    def data(self) -> Path:
        """What etcd keeps."""
        return self.folder / "etcd"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's way in, mode 0600."""
        return self.folder / "kubeconfig"

    def log(self, program: str) -> Path:
        """The log of one of the site's programs."""
        return self.folder / "logs" / f"{program}.log"

    def listeners(self) -> tuple[tuple[str, int], ...]:
        """Every address and port that the site needs for itself."""
        return tuple((self.address, port) for port in PORTS)


def lay_out(folder: Path, sites: tuple[str, ...], network: IPv4Network) -> tuple[SiteLayout, ...]:
    """A layout for each site, in order: one /24 of `network` each, its first address.

    Raises ProcessError when the network has too few of them.
    """
    subnets_max = 2 ** max(24 - network.prefixlen, 0) - 1
    if len(sites) > subnets_max:
        raise ProcessError(
            f"{len(sites)} sites do not fit into {network}: it has room for {subnets_max}",
            "give the machine room a larger loopback network",
        )
    first = network.network_address
    return tuple(
        SiteLayout(site=site, address=str(first + 256 * (i + 1) + 1), folder=folder / site)
        for i, site in enumerate(sites)
    )
