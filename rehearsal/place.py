"""Where a site's servers run in a rehearsal."""

from __future__ import annotations

from dataclasses import dataclass

from processes.ports import require_free


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A site's own address, and what its servers are started behind (`ip netns exec NAME`).

    Servers of one site reach those of another by the other's address. Without a prefix all of them
    share the machine's own network, and addresses are of 127.0.0.0/8.
    """

    site: str
    address: str
    prefix: tuple[str, ...] = ()

    def require_free(self, *ports: int) -> None:
        """Raises ProcessError when somebody else listens there.

        In a network of its own there is nobody else, and from outside it cannot be tried.
        """
        if not self.prefix:
            require_free((self.address, port) for port in ports)
