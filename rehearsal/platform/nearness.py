"""Whom to ask first: the nearest, unless it did not answer a moment ago.

Who failed is asked last for a while, then by one request alone, so that a server that swallows what
it is sent delays one request every few seconds and not all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

AGAIN_SECONDS = 3.0


class Nearness:
    """Sites that are asked for the same thing, and which of them failed of late."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._again_at: dict[str, float] = {}

    def order(self, sites: Sequence[str]) -> Iterator[str]:
        """All of them, given nearest first; to be asked one by one until somebody answers."""
        failed = []
        for site in sites:
            if self._is_to_wait(site):
                failed.append(site)
            else:
                yield site
        yield from failed

    def failed(self, site: str) -> None:
        """It gave no answer."""
        self._again_at[site] = self._clock() + AGAIN_SECONDS

    def answered(self, site: str) -> None:
        """It is well."""
        self._again_at.pop(site, None)

    def _is_to_wait(self, site: str) -> bool:
        """Whoever finds that the time is over is the one who tries."""
        again_at = self._again_at.get(site)
        if again_at is None:
            return False
        if self._clock() < again_at:
            return True
        self.failed(site)
        return False
