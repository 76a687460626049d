"""The Locust user: change a locustfile's base class to `DenseUser`, keep its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from locust import User
from locust.env import Environment
from locust.exception import StopTest
from locust.user.users import RestMixin

from loadtests.dense.address import Endpoint, endpoint
from loadtests.dense.client import DenseClient, Manners
from loadtests.dense.counters import counters_of
from loadtests.dense.headers import Lines
from loadtests.dense.line import Dialling
from loadtests.dense.outgoing import basic
from loadtests.dense.response import DenseResponse

_ELSEWHERE = ("proxy_host", "client_pool", "ssl_context_factory", "max_retries")
"""Settings of FastHttpUser that mean nothing here; to ignore them would measure another thing."""


class DenseUser(User, RestMixin[DenseResponse]):
    """A user with a `client` that keeps one connection, and the API of FastHttpUser.

    Class attributes are settings for all its users. `host` is the base URL; set `server` instead
    where name and address are apart. Times are in seconds.
    """

    abstract = True
    connection_timeout: ClassVar[float] = 30.0
    """From the first packet to the end of the TLS handshake."""
    network_timeout: ClassVar[float] = 60.0
    """From the start of a request to the end of its response."""
    ca_file: ClassVar[str | None] = None
    """The authority that server certificates are checked against; None is the system's."""
    insecure: ClassVar[bool] = False
    """True checks no certificate."""
    source_address: ClassVar[str | None] = None
    """The local address to connect from. One address has about 28,000 ports per destination."""
    default_headers: ClassVar[Mapping[str, str] | None] = None
    """Headers that go with every request."""
    max_redirects: ClassVar[int] = 30
    """How many redirects in a row are followed."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        for setting in _ELSEWHERE:
            if getattr(self, setting, None):
                raise StopTest(f"{setting} has no meaning for a DenseUser; take it off")
        self.client = DenseClient(
            self._dialling(self.server()),
            event=environment.events.request,
            counters=counters_of(environment),
            context=self.context,
            manners=_manners(
                self.host, tuple((self.default_headers or {}).items()), self.max_redirects
            ),
        )

    def server(self) -> Endpoint:
        """Where this user connects to. Raises StopTest when `host` is missing or wrong."""
        if self.host is None:
            raise StopTest("no host: set it on the user class or give --host")
        try:
            return endpoint(self.host)
        except (ValueError, OSError) as error:
            raise StopTest(f"host {self.host} cannot be used: {error}") from error

    def move(self, to: Endpoint) -> None:
        """From now on requests go there, with the same token and cookies."""
        self.client.redial(self._dialling(to))

    def _dialling(self, to: Endpoint) -> Dialling:
        return _dialling(
            to,
            self.source_address,
            self.ca_file,
            self.connection_timeout,
            self.network_timeout,
            insecure=self.insecure,
        )

    def on_stop(self) -> None:
        """Closes the connection."""
        self.client.close()


@lru_cache(maxsize=1024)
def _dialling(
    to: Endpoint,
    source: str | None,
    ca_file: str | None,
    connect_seconds: float,
    request_seconds: float,
    *,
    insecure: bool,
) -> Dialling:
    """One value for all users alike."""
    return Dialling(
        to=to,
        source=source,
        ca_file=ca_file,
        verify=not insecure,
        connect_seconds=connect_seconds,
        request_seconds=request_seconds,
    )


@lru_cache(maxsize=1024)
def _manners(host: str | None, headers: Lines, max_redirects: int) -> Manners:
    """The same for how they speak. A host may name a user and password, and a path."""
    parts = urlsplit(host or "")
    known = parts.username is not None and parts.password is not None
    return Manners(
        headers=headers,
        authorization=basic(unquote(parts.username or ""), unquote(parts.password or ""))
        if known
        else None,
        max_redirects=max_redirects,
        base_path=parts.path.rstrip("/"),
    )
