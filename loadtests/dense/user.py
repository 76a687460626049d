"""The Locust user: change a locustfile's base class to `DenseUser`, keep its tasks."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

from locust import User
from locust.env import Environment
from locust.exception import StopTest

from loadtests.dense.address import Endpoint, endpoint, tls_context
from loadtests.dense.client import DenseClient, Dialling
from loadtests.dense.counters import counters_of


class DenseUser(User):
    """A user with a `client` that keeps one connection.

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

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.client = DenseClient(
            _dialling(
                self.server(),
                self.source_address,
                self.ca_file,
                self.connection_timeout,
                self.network_timeout,
                insecure=self.insecure,
            ),
            event=environment.events.request,
            counters=counters_of(environment),
            context=self.context,
        )

    def server(self) -> Endpoint:
        """Where this user connects to. Raises StopTest when `host` is missing or wrong."""
        if self.host is None:
            raise StopTest("no host: set it on the user class or give --host")
        try:
            return endpoint(self.host)
        except (ValueError, OSError) as error:
            raise StopTest(f"host {self.host} cannot be used: {error}") from error

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
    """One value for all users alike; the TLS context inside is one for the process."""
    return Dialling(
        to=to,
        source=source,
        context=tls_context(ca_file, verify=not insecure) if to.tls else None,
        connect_seconds=connect_seconds,
        request_seconds=request_seconds,
    )
