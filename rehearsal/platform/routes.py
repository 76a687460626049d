"""Which journey a path belongs to, by its first segment."""

from __future__ import annotations

from province.objectives import Journey

INTERNAL = "internal"
"""Counters and faults; the edge never forwards it, and it is neither counted nor disturbed."""
OTHER = "other"
"""Paths of no journey."""
_JOURNEYS = {
    "login": Journey.LOGIN,
    "catalogue": Journey.CATALOGUE,
    "courses": Journey.COURSE,
    "resources": Journey.RESOURCE,
    "videos": Journey.VIDEO,
    "submissions": Journey.SUBMISSION,
    "gradebook": Journey.GRADEBOOK,
    "management": Journey.MANAGEMENT,
}
_BY_SEGMENT = {INTERNAL: INTERNAL, **{path: journey.value for path, journey in _JOURNEYS.items()}}


def route_of(path: str) -> str:
    """The journey's name, `internal` or `other`."""
    return _BY_SEGMENT.get(path[1:].partition("/")[0], OTHER)
