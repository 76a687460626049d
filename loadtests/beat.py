"""When the users of a worker act: together, ten times a second, each worker in its turn.

Where 12 workers share two cores, each waking of one finds the processor's caches full of another's
data: a request cost 421 µs of its worker at 200,000 users, and 224 at 20,000 in two workers
(docs/benchmarks.md; what the beat alone takes off was not measured). A person's pause is known to
no tenth of a second, so those that end at about the same time end together. What the target sees is
burstier than people are, never smoother.
"""

from __future__ import annotations

import time

BEAT_SECONDS = 0.1


class Beat:
    """The moments at which a worker's users act. Worker `rank` of `workers` beats in its turn."""

    def __init__(self, rank: int, workers: int, seconds: float = BEAT_SECONDS) -> None:
        self._seconds = seconds
        self._offset = seconds * rank / workers

    def pause(self, wanted: float) -> float:
        """Seconds from now to the beat that is nearest to `wanted` seconds from now."""
        now = time.monotonic() - self._offset
        beat = round((now + wanted) / self._seconds) * self._seconds
        return max(0.0, beat - now)
