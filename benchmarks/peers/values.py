"""What a peer is told, and what is measured of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from province.value import Value

THINK_SECONDS = (2.0, 6.0)
"""Between an answer and the next request, drawn evenly: 4 s on average."""
PATHS = ("/catalogue?page=3", "/courses/7")
"""Asked in turn once a user has logged in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """`users` arrive over `ramp_seconds`; the tool ends by itself after `seconds`.

    `accounts` has a line `account;password` for each user; `token` is one that is good already,
    for a tool whose users cannot log in.
    """

    folder: Path
    url: str
    hostname: str
    ca_file: Path | None
    accounts: Path
    token: str
    users: int
    ramp_seconds: float
    seconds: float


class Row(Value):
    """One tool's figures. CPU is of the tool's processes, over requests that the edge counted.

    Memory is the resident set beyond that of the same tool with two users. The 99th percentiles
    are of GET requests over the whole run: the tool's own, where it tells one, and the edge's.
    """

    peer: str
    tls: bool
    users: int
    requests: int
    requests_per_second: float
    request_us: float
    user_kib: float
    base_mib: float
    p99_ms_own: float | None
    p99_ms_edge: float
    command: str
    note: str
