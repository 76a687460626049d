"""Where a site's servers run in a rehearsal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A site's own address, and what its servers are started behind (`ip netns exec NAME`).

    Servers of one site reach those of another by the other's address. Without a prefix all of them
    share the machine's own network, and addresses are of 127.0.0.0/8.
    """

    site: str
    address: str
    prefix: tuple[str, ...] = ()
