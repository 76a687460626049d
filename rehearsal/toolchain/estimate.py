"""How long the rest will take, from what was expected and what was seen so far."""

from __future__ import annotations

from collections.abc import Mapping

_EXPECTED_ON_CORES = 2
_LATE_SHARE = 0.2
_PRIOR_SECONDS = 60.0


class Estimate:
    """Time left of a row of builds.

    The pins' seconds were measured on 2 cores. The first guess scales them by this machine's
    cores; what was built since corrects it, the more the longer it took (one build out of a
    warm Go cache says little about the next).
    """

    def __init__(self, seconds_expected: Mapping[str, float], cores: int) -> None:
        self._expected = dict(seconds_expected)
        self._first_scale = _EXPECTED_ON_CORES / max(1, cores)
        self._seen: dict[str, float] = {}

    @property
    def total(self) -> float:
        """All of the work, in expected seconds on 2 cores."""
        return sum(self._expected.values())

    @property
    def scale(self) -> float:
        """Seconds here for each expected second."""
        weighed = sum(self._seen.values()) + _PRIOR_SECONDS * self._first_scale
        return weighed / (self.finished + _PRIOR_SECONDS)

    @property
    def finished(self) -> float:
        """What was made so far, in expected seconds."""
        return sum(self._expected[name] for name in self._seen)

    def finish(self, name: str, seconds: float) -> None:
        """Notes that `name` took that long."""
        self._seen[name] = seconds

    def done(self, running: str, elapsed: float) -> float:
        """Work that is done, in expected seconds; a running build never counts as whole."""
        here = self._expected[running] * self.scale
        return self.finished + self._expected[running] * min(0.99, elapsed / here)

    def left(self, running: str, elapsed: float) -> float:
        """Seconds left. A build that is late is given a fifth more of what it took already."""
        waiting = sum(
            seconds
            for name, seconds in self._expected.items()
            if name not in self._seen and name != running
        )
        here = self._expected[running] * self.scale
        return waiting * self.scale + max(here - elapsed, _LATE_SHARE * elapsed)
