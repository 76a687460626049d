"""How the sites' networks are wired: names, addresses, and the words for `ip`. Pure.

Each site is a network namespace with one address, on its loopback. A virtual cable (veth) goes to
every other site and one to the machine; a route of its own leads over each. There is no other way
from site to site: a link that is cut is not gone around.

A cut link swallows packets without a word to either end, as a severed fibre does: each end is told
a hardware address of the other that nobody has. That needs no module of the kernel's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

from rehearsal.links.errors import LinksError

MACHINE = "machine"
"""The end of a link that is no site: where the clients are."""
NETWORK = IPv4Network("198.19.0.0/17")
"""Of the range for benchmarks of networks (RFC 2544), which nobody routes."""
NAME = "suyun"
_NOBODY = "02:00:00:00:00:00"
_SITES_MAX = 99
"""Interfaces are numbered, and their names have 15 letters at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wiring:
    """The wires of those sites. All that is made is called after `name`."""

    sites: tuple[str, ...]
    name: str = NAME
    network: IPv4Network = NETWORK

    def __post_init__(self) -> None:
        if len(self.sites) > min(_SITES_MAX, 2 ** max(24 - self.network.prefixlen, 0) - 1):
            raise LinksError(
                f"{self.network} has no room for {len(self.sites)} sites", "give a larger network"
            )

    @property
    def ends(self) -> tuple[str, ...]:
        """Whoever a link leads to: the machine, then the sites."""
        return (MACHINE, *self.sites)

    @property
    def namespaces(self) -> tuple[str, ...]:
        """All that are made."""
        return tuple(self.namespace(site) for site in self.sites)

    @property
    def interfaces(self) -> tuple[str, ...]:
        """All that are made in the machine's own network."""
        return tuple(self.interface(MACHINE, site) for site in self.sites)

    def namespace(self, site: str) -> str:
        """The site's."""
        return f"{self.name}-{site}"

    def address(self, end: str) -> IPv4Address:
        """The end's only address, in a /24 of its own."""
        return self.network.network_address + 256 * self.ends.index(end) + 1

    def interface(self, end: str, other: str) -> str:
        """What the link to `other` is called at `end`."""
        number = self.ends.index(other)
        return f"{self.name}{number}" if end == MACHINE else f"link{number}"

    def require(self, first: str, second: str) -> None:
        """Raises LinksError unless there is a link between these two."""
        for end in (first, second):
            if end not in self.ends:
                raise LinksError(f"no link ends at '{end}'", f"ends are: {', '.join(self.ends)}")
        if first == second:
            raise LinksError(f"there is no link from {first} to itself", "name two ends")

    def making(self) -> str:
        """Namespaces and cables, for `ip -batch`."""
        return "".join(f"netns add {name}\n" for name in self.namespaces) + "".join(
            f"link add {self.interface(a, b)}{self._inside(a)} type veth "
            f"peer name {self.interface(b, a)}{self._inside(b)}\n"
            for a, b in combinations(self.ends, 2)
        )

    def setting_up(self, end: str) -> str:
        """The address and the routes of one end, for `ip -batch` in its network."""
        own = self.address(end)
        holder = self.interface(end, self.sites[0]) if end == MACHINE else "lo"
        lines = [] if end == MACHINE else ["link set lo up"]
        lines += [f"link set {self.interface(end, other)} up" for other in self._others(end)]
        lines += [f"address add {own}/32 dev {holder}"]
        lines += [
            f"route add {self.address(other)}/32 dev {self.interface(end, other)} src {own}"
            for other in self._others(end)
        ]
        return "".join(f"{line}\n" for line in lines)

    def cutting(self, end: str, other: str) -> str:
        """What `end` is told so that nothing that it sends to `other` arrives."""
        where = f"{self.address(other)} dev {self.interface(end, other)}"
        return f"neighbour replace {where} lladdr {_NOBODY} nud permanent\n"

    def healing(self, end: str, other: str) -> str:
        """The opposite of `cutting`."""
        return f"neighbour delete {self.address(other)} dev {self.interface(end, other)}\n"

    def _others(self, end: str) -> Iterator[str]:
        if end != MACHINE:
            yield MACHINE
        yield from (site for site in self.sites if site != end)

    def _inside(self, end: str) -> str:
        return "" if end == MACHINE else f" netns {self.namespace(end)}"
