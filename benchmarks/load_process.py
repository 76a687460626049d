"""What `benchmarks.load` measures besides our own: FastHttpUser, with one shared TLS context."""

from __future__ import annotations

# ruff: isort: off
import locust  # noqa: F401 - it patches the process, so it has to come first
# ruff: isort: on

import random
import sys

import gevent
import gevent.ssl
from locust import FastHttpUser, User, between

from loadtests.cost import CostOrder
from loadtests.cost_process import TOKEN, Measurement, tell


def fasthttp(order: CostOrder) -> type[User]:
    """Locust's fast user on the same journey as `loadtests.cost_process`."""
    authority = None if order.ca_file is None else str(order.ca_file)
    context = gevent.ssl.create_default_context(cafile=authority)

    class Fast(FastHttpUser):
        host = order.url
        insecure = False
        default_headers = {"Authorization": f"Bearer {TOKEN}"}  # noqa: RUF012 - as Locust has it
        ssl_context_factory = staticmethod(lambda cafile=None: context)  # noqa: ARG005 - Locust's
        wait_time = between(0.5 * order.pacing_seconds, 1.5 * order.pacing_seconds)

        def on_start(self) -> None:
            gevent.sleep(random.uniform(0, order.pacing_seconds))  # noqa: S311 - not a secret

        def ask(self) -> None:
            self.client.get("/catalogue?page=3", name="catalogue")

        tasks = [ask]  # noqa: RUF012 - as locustfiles have it

    return Fast


if __name__ == "__main__":
    _order = CostOrder.model_validate_json(sys.argv[1])
    tell(Measurement(fasthttp(_order), recorded=False), _order)
