"""Reads the edge's access log: exact counts of what was asked, answered and given up.

One line a request, as `nginx.conf.j2` writes it, separated by single spaces:
epoch, address, host, status, seconds, bytes, `OK` or nothing, route or nothing.
`OK` is nginx's word for an answer that was sent to its last byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path

COMPLETED = "OK"
NO_ROUTE = "-"
_FIELDS = 8


class EdgeLogError(ValueError):
    """A line that is not one of the edge's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One request. `route` is `-` where the plan has none."""

    at: float
    address: str
    host: str
    status: int
    request_ms: int
    bytes_sent: int
    completed: bool
    route: str


@dataclass(kw_only=True, slots=True)
class Tally:
    """Sums over many requests. `request_ms` counts completed requests by whole milliseconds."""

    completed: int = 0
    completed_ipv6: int = 0
    aborted: int = 0
    bytes_sent: int = 0
    by_status: Counter[int] = field(default_factory=Counter)
    by_route: Counter[str] = field(default_factory=Counter)
    request_ms: Counter[int] = field(default_factory=Counter)

    def add(self, line: Line) -> None:
        """Counts one request."""
        self.bytes_sent += line.bytes_sent
        if not line.completed:
            self.aborted += 1
            return
        self.completed += 1
        self.completed_ipv6 += ":" in line.address
        self.by_status[line.status] += 1
        self.by_route[line.route] += 1
        self.request_ms[line.request_ms] += 1

    def quantile_ms(self, ratio: float) -> int:
        """The least milliseconds within which that share of the requests completed; 0 for none."""
        rank = ratio * self.completed
        seen = 0
        for milliseconds, count in sorted(self.request_ms.items()):
            seen += count
            if seen >= rank:
                return milliseconds
        return 0


def parse(text: str) -> Line:
    """One line without its end. Raises EdgeLogError when it is not one of the edge's."""
    parts = text.split(" ")
    if len(parts) != _FIELDS:
        raise EdgeLogError(f"{len(parts)} fields, not {_FIELDS}: {text[:200]!r}")
    at, address, host, status, seconds, sent, completion, route = parts
    try:
        return Line(
            at=float(at),
            address=address,
            host=host,
            status=int(status),
            request_ms=round(float(seconds) * 1000),
            bytes_sent=int(sent),
            completed=completion == COMPLETED,
            route=route or NO_ROUTE,
        )
    except ValueError as error:
        raise EdgeLogError(f"{error}: {text[:200]!r}") from error


def tally(files: Iterable[Path], *sources: IPv4Network | IPv6Network) -> Tally:
    """The sums over those requests whose client's address is in one of `sources`.

    Raises EdgeLogError on a line that is not one of the edge's: a count is exact or none.
    """
    counted = Tally()
    wanted: dict[str, bool] = {}
    for line in _lines(files):
        if line.address not in wanted:
            address = ip_address(line.address)
            wanted[line.address] = any(address in network for network in sources)
        if wanted[line.address]:
            counted.add(line)
    return counted


def _lines(files: Iterable[Path]) -> Iterator[Line]:
    for file in files:
        with file.open("r", encoding="ascii", errors="replace", newline="\n") as lines:
            for line in lines:
                yield parse(line.removesuffix("\n"))
