"""How far the whole fleet is, put together from what each site's worker tells."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from province.value import Value

_TOLD_OF_TIME_FROM = 0.05
"""Before a twentieth is done, the time left is a guess not worth telling."""


class FleetProgress(Value):
    """`done` of `total` resources over all sites; `seconds_left` from the pace so far."""

    done: int
    total: int
    text: str
    seconds_left: float | None = None


class Progress:
    """Counts for one operation. `totals` are the resources expected of each site."""

    def __init__(
        self,
        totals: Mapping[str, int],
        listener: Callable[[FleetProgress], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._totals = dict(totals)
        self._done = dict.fromkeys(totals, 0)
        self._ended: set[str] = set()
        self._listener = listener
        self._clock = clock
        self._started = clock()

    def step(self, site: str, done: int, resource: str) -> None:
        """A site's worker has done that many resources; the last was `resource`."""
        self._done[site] = min(done, self._totals[site])
        self.say(f"{site}: {resource}")

    def end(self, site: str, text: str) -> None:
        """A site is through, well or not."""
        self._ended.add(site)
        self._done[site] = self._totals[site]
        self.say(f"{site}: {text}")

    def say(self, text: str) -> None:
        """Tells how far the fleet is, and this."""
        done, total = sum(self._done.values()), sum(self._totals.values())
        sites = f"{len(self._ended)} of {len(self._totals)} sites"
        self._listener(
            FleetProgress(
                done=done,
                total=total,
                text=f"{sites} · {text}",
                seconds_left=self._seconds_left(done, total),
            )
        )

    def _seconds_left(self, done: int, total: int) -> float | None:
        if done < total * _TOLD_OF_TIME_FROM or done == 0:
            return None
        return (self._clock() - self._started) / done * (total - done)
