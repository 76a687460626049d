"""Looks again and again until something has come true."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

_LOOK_EVERY_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """How long each wait may be, and what breaks it off: `stopped`, asked between two looks."""

    seconds_max: float
    stopped: Callable[[], bool]

    def until(self, condition: Callable[[], bool]) -> bool:
        """Whether it came true in time. Blocks."""
        deadline = time.monotonic() + self.seconds_max
        while not condition():
            if time.monotonic() >= deadline or self.stopped():
                return False
            time.sleep(_LOOK_EVERY_SECONDS)
        return True
