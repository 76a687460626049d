"""Claim `storage`: PB-level public storage. Today: the plan by which the sites were brought up.

The plan alone never passes: the live pools' objects have to be what was planned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence.figure import ClaimVerdict, Figure
from evidence.records import PoolRecord, StorageRecord
from province.province import Province
from province.storage import NEARFULL_RATIO, RESOURCES, SITES_PER_BYTE
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

READS = (StorageRecord,)
_BYTES_PER_PB = 10**15


def judge_storage(evidence: Gathered) -> ClaimVerdict:
    """UNKNOWN until the live pool objects are compared; a plan that breaks the promise FAILs."""
    seen = tuple({record.site: record for record in evidence.of(StorageRecord)}.values())
    promised = evidence.province.objectives.storage_pb_min
    return conclude(
        evidence,
        Case(
            claim="storage",
            reads=READS,
            grounds=list(_grounds(evidence.province, seen)),
            kept=f"{promised:g} PB and more stand, and no lost host fills the disks",
            figures=_figures(promised, seen),
        ),
    )


def _grounds(province: Province, seen: Sequence[StorageRecord]) -> Iterator[Ground]:
    if not seen:
        yield no_evidence("storage")
        return
    planned = {record.site for record in seen}
    absent = [site.id for site in province.sites if site.id not in planned]
    if absent:
        yield unknown(f"no storage was planned at {some(absent)}")
    elif _usable_pb(seen) < province.objectives.storage_pb_min:
        promised = province.objectives.storage_pb_min
        yield failed(f"{_usable_pb(seen):.2f} PB of {promised:g} PB can be stored")
    unplaced = [record.site for record in seen if _is_unplaced(record)]
    if unplaced:
        yield failed(f"a pool cannot heal after a lost host at {some(unplaced)}")
    full = [record.site for record in seen if record.full_ratio_after_loss > NEARFULL_RATIO]
    if full:
        yield failed(f"a lost host fills the disks over {NEARFULL_RATIO} at {some(full)}")
    yield unknown(
        f"{_usable_pb(seen):.2f} PB are planned at {len(seen)} sites; "
        f"that the live pools are as planned has {NO_EVIDENCE}"
    )


def _is_unplaced(record: StorageRecord) -> bool:
    return any(record.hosts < pool.k + pool.m + 1 for pool in record.pools)


def _public(seen: Sequence[StorageRecord]) -> list[PoolRecord]:
    return [pool for record in seen for pool in record.pools if pool.name == RESOURCES.name]


def _usable_pb(seen: Sequence[StorageRecord]) -> float:
    """What the public may store, each byte at two sites."""
    return sum(pool.usable_bytes for pool in _public(seen)) / _BYTES_PER_PB / SITES_PER_BYTE


def _figures(promised: float, seen: Sequence[StorageRecord]) -> dict[str, Figure]:
    if not seen:
        return {}
    raw = sum(pool.raw_bytes for record in seen for pool in record.pools) / _BYTES_PER_PB
    return {
        "usable_pb_planned": Figure(value=_usable_pb(seen), unit="PB", objective=promised),
        "raw_pb_planned": Figure(value=raw, unit="PB"),
        "storage_hosts": Figure(value=sum(record.hosts for record in seen), unit="hosts"),
        "full_ratio_after_loss_max": Figure(
            value=max(record.full_ratio_after_loss for record in seen),
            unit="ratio",
            objective=NEARFULL_RATIO,
        ),
        "years_until_full_min": Figure(
            value=min(record.years_until_full for record in seen), unit="years"
        ),
    }
