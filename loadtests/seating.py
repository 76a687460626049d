"""Which account each virtual user is: every seat once, over all workers together."""

from __future__ import annotations

import random
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from province.audience import Crowd, Persona, account


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """One person: a distinct account of a site."""

    site: str
    persona: Persona
    account: str


class Seating:
    """All seats of the crowds in an order drawn by the seed, so that a ramp fills sites evenly.

    Of W workers, the one of rank r takes every W-th seat from r on: seats are disjoint whatever
    order users are spawned in, and each worker has as many as Locust gives it.
    """

    def __init__(self, crowds: tuple[Crowd, ...], seed: int) -> None:
        self._crowds = crowds
        self._starts = [0, *accumulate(crowd.users for crowd in crowds)]
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
        return Seat(site=crowd.site, persona=crowd.persona, account=name)
