"""Which account each virtual user is: every seat once, over all workers together."""

from __future__ import annotations

import random
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from province.audience import Crowd, Persona, account

IPV6_PERCENT = 15
"""Of each site's users, rounded up: more than the tenth that the province promises."""


def users_ipv6(users: int) -> int:
    """How many of a site's users come over IPv6, where its edge speaks it."""
    return -(-users * IPV6_PERCENT // 100)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """One person: a distinct account of a site, who comes over IPv6 or IPv4."""

    site: str
    persona: Persona
    account: str
    ipv6: bool = False


class Seating:
    """All seats of the crowds in an order drawn by the seed, so that a ramp fills sites evenly.

    Of W workers, the one of rank r takes every W-th seat from r on: seats are disjoint whatever
    order users are spawned in, and each worker has as many as Locust gives it.
    """

    def __init__(
        self, crowds: tuple[Crowd, ...], seed: int, ipv6_sites: frozenset[str] = frozenset()
    ) -> None:
        """A constant share of the users of each of `ipv6_sites` come over IPv6."""
        self._crowds = crowds
        self._starts = [0, *accumulate(crowd.users for crowd in crowds)]
        self._site_starts: dict[str, int] = {}
        for crowd, start in zip(crowds, self._starts, strict=False):
            self._site_starts.setdefault(crowd.site, start)
        self._ipv6_sites = ipv6_sites
        order = array("I", range(self._starts[-1]))
        random.Random(seed).shuffle(order)  # noqa: S311 - a reproducible order, not a secret
        self._order = order

    def __len__(self) -> int:
        return len(self._order)

    def seat(self, rank: int, workers: int, ordinal: int) -> Seat | None:
        """The `ordinal`-th seat of the worker of that rank; None when it has no more."""
        number = rank + ordinal * workers
        if number >= len(self._order):
            return None
        place = self._order[number]
        found = bisect_right(self._starts, place) - 1
        crowd = self._crowds[found]
        name = account(crowd.site, crowd.persona, place - self._starts[found])
        return Seat(
            site=crowd.site, persona=crowd.persona, account=name, ipv6=self._ipv6(crowd.site, place)
        )

    def _ipv6(self, site: str, place: int) -> bool:
        """Whether the count of IPv6 users grows with this one of the site's users."""
        nth = place - self._site_starts[site]
        return site in self._ipv6_sites and users_ipv6(nth + 1) > users_ipv6(nth)
