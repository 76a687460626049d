"""Addresses that a child will listen on: free, or held by whom."""

from __future__ import annotations

import socket
from collections.abc import Iterable

import psutil

from processes.supervisor import ProcessError


def require_free(addresses: Iterable[tuple[str, int]]) -> None:
    """Raises ProcessError naming the first address that is taken, and by which process."""
    for host, port in addresses:
        if not _is_free(host, port):
            raise ProcessError(
                f"address {host}:{port} is in use by {_holder(host, port)}",
                "end that process, or stop an earlier rehearsal with ./suyun room stop",
            )


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _holder(host: str, port: int) -> str:
    for connection in psutil.net_connections("inet"):
        local = connection.laddr
        if local and local.port == port and local.ip in {host, "0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
            return f"process {connection.pid}" if connection.pid else "another user's process"
    return "another process"
