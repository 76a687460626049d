"""Clocks that are off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


class Tomorrow(datetime):
    """Stands in for `datetime` in a module whose clock is a day ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Tomorrow:
        return cls.fromtimestamp((datetime.now(tz) + timedelta(days=1)).timestamp(), UTC)
