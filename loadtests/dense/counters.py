"""What the dense users of this process have done so far, counted where it happens."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from locust.env import Environment


@dataclass(slots=True)
class Counters:
    """Plain integers, because each request touches several of them.

    `in_flight` goes up when a request starts and down just before its event is fired; a request
    whose greenlet is killed stays in flight for good. `retried` and `redirected` count what was
    sent besides: once more over a new connection, and onwards to where a redirect led.
    """

    started: int = 0
    in_flight: int = 0
    retried: int = 0
    redirected: int = 0
    connected: int = 0
    bytes_received: int = 0


_by_environment: WeakKeyDictionary[Environment, Counters] = WeakKeyDictionary()


def counters_of(environment: Environment) -> Counters:
    """The counters of that Locust environment: one a process."""
    found = _by_environment.get(environment)
    if found is None:
        found = _by_environment[environment] = Counters()
    return found
