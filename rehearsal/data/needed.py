"""The programs that a data world takes."""

from __future__ import annotations

from rehearsal.objects.programs import NEEDED


def programs(*, users: int, has_links: bool) -> tuple[str, ...]:
    """What a world takes: its stores', an edge where there are users, and links' own program."""
    edge, links = ("nginx",) if users else (), ("ip",) if has_links else ()
    return (*NEEDED, "postgres", *edge, *links)
