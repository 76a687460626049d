"""Where a client connects to and from, and how its socket is opened."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

import gevent.socket
import gevent.ssl

_IP_BIND_ADDRESS_NO_PORT = 24
"""Linux, level 0 (ip(7)): the port is chosen at connect, for the pair of addresses. Without it
the kernel searches all ports at bind, which took 98 % of two cores at 200,000 connections."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """A server: the name it answers to (Host, SNI), and the numeric address it is reached at."""

    hostname: str
    address: str
    port: int
    tls: bool

    @property
    def authority(self) -> str:
        """What the Host header says: the port is left out where it is the scheme's own."""
        return authority(self.hostname, self.port, tls=self.tls)

    @property
    def url(self) -> str:
        """The base URL."""
        return f"{'https' if self.tls else 'http'}://{self.authority}"

    @property
    def family(self) -> socket.AddressFamily:
        """IPv4 or IPv6."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET


def authority(hostname: str, port: int, *, tls: bool) -> str:
    """Name and port as a URL has them: lower case, without the scheme's own port."""
    name = f"[{hostname}]" if ":" in hostname else hostname
    return (name if port == (443 if tls else 80) else f"{name}:{port}").lower()


@lru_cache(maxsize=1024)
def endpoint(base_url: str) -> Endpoint:
    """The endpoint of a base URL; its name is looked up once. Raises ValueError, OSError."""
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{base_url!r} is not an http or https URL")
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    found = gevent.socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    return Endpoint(hostname=parts.hostname, address=str(found[0][4][0]), port=port, tls=tls)


@lru_cache(maxsize=16)
def tls_context(ca_file: str | None, *, verify: bool = True) -> ssl.SSLContext:
    """The one context of this process for that authority: TLS 1.2 or later, tickets off.

    A context per user would cost 30 times the memory (892 KiB against 33 KiB a user).
    """
    context: ssl.SSLContext = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca_file is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(ca_file)
    return context


def open_socket(
    to: Endpoint, source: str | None, context: ssl.SSLContext | None, seconds: float
) -> gevent.socket.socket:
    """A connected socket, its handshake done within `seconds`. Raises OSError."""
    plain = gevent.socket.socket(to.family, socket.SOCK_STREAM)
    try:
        plain.settimeout(seconds)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source is not None and _family(source) == to.family:
            plain.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
            plain.bind((source, 0))
        plain.connect((to.address, to.port))
        return plain if context is None else _secured(plain, to, context)
    except BaseException:
        plain.close()
        raise


def _secured(
    plain: gevent.socket.socket, to: Endpoint, context: ssl.SSLContext
) -> gevent.socket.socket:
    secured = context.wrap_socket(plain, server_hostname=to.hostname, do_handshake_on_connect=False)
    try:
        secured.do_handshake()
    except BaseException:
        secured.close()
        raise
    return secured


@lru_cache(maxsize=64)
def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET  # noqa: PLR2004 - IP version
