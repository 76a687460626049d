"""Claim `site-loss`: service goes on without any one site: there is room, and it was drilled.

With each site lost in turn, its partner's real scheduler has to place the replicas for the users
of both. That pods have a place does not show that people are served meanwhile: the drills do
that, a whole site's under load among them, and until they were run the claim is UNKNOWN at best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from evidence.figure import ClaimVerdict, Figure
from evidence.records import PlacementRecord, RecoveryRecord
from province.province import Province
from release.claims import drills
from release.claims.grounds import (
    NO_EVIDENCE,
    Case,
    Ground,
    conclude,
    failed,
    no_evidence,
    some,
    unknown,
)
from release.gathered import Gathered
from release.wording import quantity, told_recovery

READS = (PlacementRecord, RecoveryRecord, *drills.READS)
_WHOLE_SITE = "site-dies"
Losses = Mapping[str, PlacementRecord]


def judge_site_loss(evidence: Gathered) -> ClaimVerdict:
    """FAIL where a pod found no place, bytes no disk, or a drill showed something else."""
    seen = {record.lost: record for record in evidence.of(PlacementRecord)}
    grounds = [*_grounds(evidence.province, seen)] if seen else [no_evidence("site-loss")]
    grounds += _of_drills(evidence, _room(evidence.province, seen))
    return conclude(
        evidence,
        Case(
            claim="site-loss",
            reads=READS,
            grounds=grounds,
            kept=f"{_room(evidence.province, seen)}; {_drilled(evidence)}",
            figures=_figures(evidence.province, seen)
            | drills.figures_of_drills(evidence, "site-loss"),
        ),
    )


def _grounds(province: Province, seen: Losses) -> Iterator[Ground]:
    partners = {site.id: site.backup_partner for site in province.sites}
    absent = [site for site in partners if site not in seen]
    if absent:
        yield unknown(f"nobody took away {some(absent)}")
    strangers = [r.lost for r in seen.values() if partners.get(r.lost) != r.partner]
    if strangers:
        yield unknown(f"users went elsewhere than to the partner: {some(strangers)}")
    good = [record for record in seen.values() if record.error is None]
    broken = [f"{r.lost} ({r.error})" for r in seen.values() if r.error is not None]
    if broken:
        yield unknown(f"the look broke off without {some(broken)}")
    yield from _each(good, _has_no_place, failed, "pods find no place without")
    yield from _each(good, _was_full, failed, "pods waited before anything was lost at")
    yield from _each(good, _has_no_disk, failed, "disks do not hold both sites' bytes without")
    yield from _each(good, _is_not_back, unknown, "not seen as planned again:")


def _has_no_place(record: PlacementRecord) -> str | None:
    if not record.pods_pending:
        return None
    why = f": {record.reasons[0]}" if record.reasons else ""
    counts = f"{record.pods_pending} of {record.pods_wanted} pending at {record.partner}"
    return f"{record.lost} ({counts}{why})"


def _was_full(record: PlacementRecord) -> str | None:
    waiting = record.pods_planned - record.pods_planned_bound
    return f"{record.partner} ({waiting} of {record.pods_planned})" if waiting > 0 else None


def _has_no_disk(record: PlacementRecord) -> str | None:
    if record.disk_tb_needed <= record.disk_tb_usable:
        return None
    figures = f"{record.disk_tb_needed:.0f} of {record.disk_tb_usable:.0f} TB"
    return f"{record.lost} ({figures} at {record.partner})"


def _is_not_back(record: PlacementRecord) -> str | None:
    return None if record.restored else record.partner


def _each(
    records: list[PlacementRecord],
    broken: Callable[[PlacementRecord], str | None],
    ground: Callable[[str], Ground],
    text: str,
) -> Iterator[Ground]:
    names = [name for record in records if (name := broken(record)) is not None]
    if names:
        yield ground(f"{text} {some(names)}")


def _of_drills(evidence: Gathered, room: str) -> Iterator[Ground]:
    """A lost edge, of which a load run tells, is not a lost site: it does not stand in for it."""
    yield from drills.grounds_of_drills(evidence, "site-loss")
    missing = drills.undrilled(evidence, "site-loss")
    if _WHOLE_SITE in missing:
        edges = evidence.of(RecoveryRecord)
        yield from (unknown(f"{told_recovery(e)}; the edge is not yet the site") for e in edges)
        there = f"{room}; " if room else ""
        yield unknown(f"{there}the drill of a whole site under load has {NO_EVIDENCE}")
    elif not _users(evidence):
        yield unknown("no user was connected while the whole site died")
    others = [drill for drill in missing if drill != _WHOLE_SITE]
    if others:
        yield unknown(f"nobody has drilled {some(others)}")


def _users(evidence: Gathered) -> int:
    """Who were at work while the whole site died."""
    load = drills.load_of(evidence, _WHOLE_SITE)
    return load.users if load else 0


def _room(province: Province, seen: Losses) -> str:
    """What placement shows, in a clause; nothing where it shows nothing."""
    good = [record for record in seen.values() if record.error is None]
    placed = [record for record in good if not record.pods_pending]
    if not placed:
        return ""
    nodes = "simulated nodes" if any(r.nodes_simulated for r in placed) else "nodes"
    cpu = min(record.cpu_free_ratio or 0.0 for record in placed)
    return (
        f"without any one of {len(placed)} of {len(province.sites)} sites the real scheduler "
        f"binds every pod to {nodes}, {quantity(cpu, 'ratio')} of CPU or more left free"
    )


def _drilled(evidence: Gathered) -> str:
    count = len(drills.DRILLS["site-loss"])
    return f"{count} drills kept every write, a whole site's with {_users(evidence):,} users"


def _figures(province: Province, seen: Losses) -> dict[str, Figure]:
    good = [record for record in seen.values() if record.error is None]
    if not good:
        return {}
    placed = sum(not record.pods_pending for record in good)
    return {
        "losses_placed": Figure(value=placed, unit="sites", objective=len(province.sites)),
        "pods_pending": Figure(value=sum(r.pods_pending for r in good), unit="pods", objective=0),
        "pods_placed_max": Figure(value=max(r.pods_bound for r in good), unit="pods"),
        "cpu_free_min": _least(r.cpu_free_ratio for r in good),
        "memory_free_min": _least(r.memory_free_ratio for r in good),
        "disk_free_min": _least(r.disk_free_ratio for r in good),
        "quota_free_min": _least(r.quota_free_ratio for r in good),
    }


def _least(ratios: Iterator[float | None]) -> Figure:
    return Figure(value=min(ratio or 0.0 for ratio in ratios), unit="ratio")
