"""Renders nginx's configuration from the gateways' plans, sized for its users."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from infra.plan.values import GatewayPlan, RoutePlan
from processes.supervisor import ProcessError
from rehearsal.platform.shelf import BODIES
from rehearsal.platform.video import SEGMENTS

UPSTREAM_IDLE = 128
"""Idle connections to the platform that each worker keeps."""
_WORKERS_MIN = 2
_FILL_MAX = 0.75
"""Of a worker's connections; `reuseport` spreads users by hash, evenly within a few percent."""
_UPSTREAM_CONNECTIONS = 512
"""Requests under way to the platform, for each worker."""
_OTHER_FILES = 512
"""Logs, and the listeners of all workers, which every worker inherits (28 × 15 at most)."""
_OPEN_FILES_MAX = 65_536
"""A worker needs no more, even where the kernel would give a million."""
_SAFE_PATH = re.compile(r"^/[A-Za-z0-9._~/-]*$")
_SAFE_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9.-]*$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizing:
    """How many workers, and how many connections and open files each of them may have."""

    workers: int
    connections: int
    open_files: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteServer:
    """One site's gateway, and where and with which certificate it is served here.

    `listeners` are addresses and ports as nginx writes them, such as `127.20.1.2:8443`.
    """

    gateway: GatewayPlan
    listeners: tuple[str, ...]
    certificate: Path
    key: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Everything that the configuration says."""

    sites: tuple[SiteServer, ...]
    upstreams: tuple[Path, ...]
    status_socket: Path
    sizing: Sizing
    as_root: bool
    upstream_idle: int = UPSTREAM_IDLE

    @property
    def folder(self) -> Path | None:
        """The platform's, where what the edge sends in its place lies beside its sockets."""
        return self.upstreams[0].parent if self.upstreams else None


def size(users: int, open_files_limit: int) -> Sizing:
    """Workers for `users` connections where a process may open `open_files_limit` files.

    Raises ProcessError when the limit leaves no room for any user.
    """
    usable = min(open_files_limit, _OPEN_FILES_MAX) - _UPSTREAM_CONNECTIONS - _OTHER_FILES
    if usable <= 0:
        raise ProcessError(
            f"a process may open only {open_files_limit} files here, too few for an edge",
            "raise the limit: ulimit -n 20000",
        )
    workers = max(_WORKERS_MIN, math.ceil(users / (usable * _FILL_MAX)))
    connections = math.ceil(users / workers / _FILL_MAX) + _UPSTREAM_CONNECTIONS
    return Sizing(workers=workers, connections=connections, open_files=connections + _OTHER_FILES)


def render(layout: Layout) -> str:
    """nginx.conf, whole. Raises ProcessError on a host name or path that nginx would misread."""
    _require_safe([site.gateway for site in layout.sites])
    environment = jinja2.Environment(  # noqa: S701 - a configuration file, not HTML
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("nginx.conf.j2").render(
        layout=layout, matches=_matches, sent=(SEGMENTS, BODIES)
    )


def _matches(route: RoutePlan) -> list[str]:
    """How nginx says the Gateway API's path prefixes, which end at a slash or at the end."""
    words: list[str] = []
    for prefix in (path.rstrip("/") for path in route.path_prefixes):
        words += [f"= {prefix}"] if prefix else []
        words.append(f"^~ {prefix}/")
    return words


def _require_safe(gateways: Sequence[GatewayPlan]) -> None:
    for gateway in gateways:
        _require(_SAFE_NAME, gateway.hostname, "host name")
        for route in gateway.routes:
            _require(_SAFE_NAME, route.name, "route name")
            for path in route.path_prefixes:
                _require(_SAFE_PATH, path, "path prefix")


def _require(pattern: re.Pattern[str], text: str, what: str) -> None:
    if not pattern.fullmatch(text):
        raise ProcessError(
            f"{text!r} cannot be a {what} of the edge", "mend it in stacks/province.yaml"
        )
