"""When a replica may be promoted. Pure: the decision, from what was seen.

With a commit confirmed by any W of N replicas, N - W + 1 of them have to be looked at to be sure
that one knows every commit, and the one that knows most is to be promoted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from rehearsal.database.errors import DatabaseError
from rehearsal.database.standing import Standing, require_one_leader

LAG_BYTES_MAX = 16 * 2**20
"""A segment of WAL: what an archive that works lacks at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidacy:
    """Who is to be promoted, and what is known.

    `standings` are those that answered, of so many `replicas`; `confirming` of these confirm each
    commit, 0 where the plan is asynchronous. `is_leader_alive`: its processes are there, or it
    answers. `written_last` is how far the leader was when it was last seen, None if it never was.
    """

    site: str
    leader: str
    is_leader_alive: bool
    standings: Collection[Standing]
    replicas: int
    confirming: int
    written_last: int | None
    lag_bytes_max: int = LAG_BYTES_MAX


def require_promotable(candidacy: Candidacy) -> Standing:
    """The candidate's standing. Raises DatabaseError with the reason why it must not lead."""
    require_fenced(candidacy)
    found = [one for one in candidacy.standings if one.site == candidacy.site]
    if not found:
        raise DatabaseError(
            f"{candidacy.site} does not answer, so it cannot be promoted",
            f"boot {candidacy.site}, or promote another",
        )
    if found[0].leads:
        raise DatabaseError(f"{candidacy.site} leads already", "there is nothing to do")
    _require_enough_seen(candidacy)
    _require_furthest(candidacy, found[0])
    _require_near(candidacy, found[0])
    return found[0]


def require_fenced(candidacy: Candidacy) -> None:
    """Raises DatabaseError while anybody but the candidate takes writes, or may."""
    require_one_leader(candidacy.standings)
    leading = [one.site for one in candidacy.standings if one.leads and one.site != candidacy.site]
    if candidacy.is_leader_alive or leading:
        leader = leading[0] if leading else candidacy.leader
        raise DatabaseError(
            f"{leader} may still take writes, so {candidacy.site} is not promoted",
            f"fence {leader} first; should it have been cut off, that has to be done over there",
        )


def furthest(candidacy: Candidacy) -> Standing | None:
    """Who has most on its disk; the candidate itself if nobody has more. None if none answers."""
    return max(
        candidacy.standings,
        key=lambda one: (one.timeline, one.written, one.site == candidacy.site),
        default=None,
    )


def _require_enough_seen(candidacy: Candidacy) -> None:
    needed = candidacy.replicas - candidacy.confirming + 1 if candidacy.confirming else 1
    seen = len(candidacy.standings)
    if seen < needed:
        raise DatabaseError(
            f"{seen} of {candidacy.replicas} replicas answer, and {needed} are needed to know of "
            "every commit that was confirmed",
            "boot the other, or heal its link; promoting blindly may lose commits",
        )


def _require_furthest(candidacy: Candidacy, candidate: Standing) -> None:
    best = furthest(candidacy) or candidate
    if (best.timeline, best.written) > (candidate.timeline, candidate.written):
        raise DatabaseError(
            f"{candidate.site} is {best.written - candidate.written:,} bytes behind {best.site} "
            f"(timeline {candidate.timeline}, there {best.timeline})",
            f"promote {best.site}",
        )


def _require_near(candidacy: Candidacy, candidate: Standing) -> None:
    if candidacy.written_last is None:
        return
    behind = candidacy.written_last - candidate.written
    if behind > candidacy.lag_bytes_max:
        raise DatabaseError(
            f"{candidate.site} is {behind:,} bytes behind where {candidacy.leader} was last seen, "
            f"and {candidacy.lag_bytes_max:,} are the most",
            f"boot {candidacy.leader} if it can be, else restore from the archive",
        )
