"""Addresses that a child will listen on: free, or held by whom."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable

import psutil

from processes.errors import ProcessError

_ALL = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound


def require_free(addresses: Iterable[tuple[str, int]]) -> None:
    """Raises ProcessError naming the first IPv4 or IPv6 address and port that cannot be had."""
    for host, port in addresses:
        trouble = _trouble(host, port)
        if trouble == errno.EADDRINUSE:
            raise ProcessError(
                f"address {_shown(host, port)} is in use by {_holder(host, port)}",
                "end that process, or stop an earlier rehearsal with ./suyun room stop",
            )
        if trouble:
            raise ProcessError(
                f"address {_shown(host, port)} cannot be listened on: {os.strerror(trouble)}",
                "./suyun doctor names what this machine lacks",
            )


def _trouble(host: str, port: int) -> int:
    """The error number of binding there, or 0."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _holder(host: str, port: int) -> str:
    for connection in psutil.net_connections("inet"):
        local = connection.laddr
        if local and local.port == port and local.ip in {host, *_ALL} and not connection.raddr:
            return _named(connection.pid) if connection.pid else "another user's process"
    return "another process"


def _named(pid: int) -> str:
    try:
        return f"process {pid} ({psutil.Process(pid).name()})"
    except psutil.Error:
        return f"process {pid}"


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
