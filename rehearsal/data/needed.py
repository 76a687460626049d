"""The programs that a data world takes."""

from __future__ import annotations

from rehearsal.objects.programs import NEEDED

_STORES = (*NEEDED, "postgres")


def programs(users: int) -> tuple[str, ...]:
    """What a world takes: its stores', and an edge where there are users."""
    return (*_STORES, "nginx") if users else _STORES
