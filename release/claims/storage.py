"""Claim `storage`: PB-level public storage. The plan's arithmetic, and the pools that stand.

Bytes are the plan's and the live pools'; that a pool's disks are there is Ceph's to say. Where its
drills were run, a full disk and a corrupted copy have to have cost nobody a byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evidence.figure import ClaimVerdict, Figure
from evidence.records import CephRecord, LivePool, PoolRecord, StorageRecord
from province.province import Province
from province.storage import NEARFULL_RATIO, RESOURCES, SITES_PER_BYTE
from release.claims import drills
from release.claims.grounds import Case, Ground, conclude, failed, no_evidence, some, unknown
from release.gathered import Gathered

READS = (StorageRecord, CephRecord, *drills.READS)
_BYTES_PER_PB = 10**15


@dataclass(frozen=True, kw_only=True, slots=True)
class _Site:
    """A site's storage as planned and as it stands; None where nobody has looked."""

    planned: StorageRecord
    live: CephRecord | None


def judge_storage(evidence: Gathered) -> ClaimVerdict:
    """PASS once every site's live pools are what was planned, and the plan keeps the promise."""
    sites = _sites(evidence)
    promised = evidence.province.objectives.storage_pb_min
    return conclude(
        evidence,
        Case(
            claim="storage",
            reads=READS,
            grounds=[
                *_grounds(evidence.province, sites),
                *drills.grounds_of_drills(evidence, "storage"),
            ],
            kept=f"{_usable_pb(sites):.2f} PB are planned at {len(sites)} sites, the live pools "
            f"are as planned, and no lost host fills the disks over {NEARFULL_RATIO}",
            figures=_figures(promised, sites) | drills.figures_of_drills(evidence, "storage"),
        ),
    )


def _sites(evidence: Gathered) -> tuple[_Site, ...]:
    """The last word on each."""
    planned = {record.site: record for record in evidence.of(StorageRecord)}
    live = {record.site: record for record in evidence.of(CephRecord)}
    return tuple(_Site(planned=planned[site], live=live.get(site)) for site in planned)


def _grounds(province: Province, sites: Sequence[_Site]) -> Iterator[Ground]:
    if not sites:
        yield no_evidence("storage")
        return
    yield from _planned(province, sites)
    yield from _standing(sites)


def _planned(province: Province, sites: Sequence[_Site]) -> Iterator[Ground]:
    seen = [site.planned for site in sites]
    absent = [one.id for one in province.sites if one.id not in {record.site for record in seen}]
    promised = province.objectives.storage_pb_min
    if absent:
        yield unknown(f"no storage was planned at {some(absent)}")
    elif _usable_pb(sites) < promised:
        yield failed(f"{_usable_pb(sites):.2f} PB of {promised:g} PB can be stored")
    unplaced = [record.site for record in seen if _is_unplaced(record)]
    if unplaced:
        yield failed(f"a pool cannot heal after a lost host at {some(unplaced)}")
    full = [record.site for record in seen if record.full_ratio_after_loss > NEARFULL_RATIO]
    if full:
        yield failed(f"a lost host fills the disks over {NEARFULL_RATIO} at {some(full)}")


def _standing(sites: Sequence[_Site]) -> Iterator[Ground]:
    unseen = [site.planned.site for site in sites if site.live is None]
    if unseen:
        yield unknown(f"nobody has looked at the live pools at {some(unseen)}")
    others = [text for site in sites if site.live is not None for text in _differences(site)]
    if others:
        yield failed(f"what stands is not what was planned: {some(others)}")


def _differences(site: _Site) -> Iterator[str]:
    """A few words for each thing that is not as planned."""
    name, planned, live = site.planned.site, site.planned, site.live
    if live is None:
        return
    if live.hosts != planned.hosts:
        yield f"{live.hosts} hosts at {name}, not {planned.hosts}"
    if live.nearfull_ratio != NEARFULL_RATIO:
        yield f"a nearfull ratio of {live.nearfull_ratio:g} at {name}, not {NEARFULL_RATIO}"
    pools = {pool.name: pool for pool in live.pools}
    for pool in planned.pools:
        found = pools.pop(pool.name, None)
        if found is None:
            yield f"no pool {pool.name} at {name}"
        elif _text(found) != _text(pool):
            yield f"pool {pool.name} at {name} has {_text(found)}, not {_text(pool)}"
    if pools:
        yield f"pool {next(iter(pools))} at {name} is in no plan"


def _text(pool: PoolRecord | LivePool) -> str:
    """All that has to be equal."""
    usable = "no bound" if pool.usable_bytes is None else f"{pool.usable_bytes:,} bytes"
    return f"{pool.k}+{pool.m} over {pool.failure_domain}s and {usable}"


def _is_unplaced(record: StorageRecord) -> bool:
    return any(record.hosts < pool.k + pool.m + 1 for pool in record.pools)


def _usable_pb(sites: Sequence[_Site]) -> float:
    """What the public may store as planned, each byte at two sites."""
    pools = [pool for site in sites for pool in site.planned.pools if pool.name == RESOURCES.name]
    return sum(pool.usable_bytes for pool in pools) / _BYTES_PER_PB / SITES_PER_BYTE


def _figures(promised: float, sites: Sequence[_Site]) -> dict[str, Figure]:
    if not sites:
        return {}
    seen = [site.planned for site in sites]
    raw = sum(pool.raw_bytes for record in seen for pool in record.pools) / _BYTES_PER_PB
    return {
        "usable_pb_planned": Figure(value=_usable_pb(sites), unit="PB", objective=promised),
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
        **_live_figures(sites),
    }


def _live_figures(sites: Sequence[_Site]) -> dict[str, Figure]:
    """The ratio is of disks as planned, filled as far as the live pools let anybody fill them."""
    live = [(site.planned, site.live) for site in sites if site.live is not None]
    if not live:
        return {}
    stored = [p.usable_bytes or 0 for _, seen in live for p in seen.pools if _is_public(p)]
    ratios = [_ratio(planned, seen) for planned, seen in live]
    figures = {
        "pools_live": Figure(value=sum(len(seen.pools) for _, seen in live), unit="pools"),
        "usable_pb_live": Figure(value=sum(stored) / _BYTES_PER_PB / SITES_PER_BYTE, unit="PB"),
    }
    known = [ratio for ratio in ratios if ratio is not None]
    if len(known) == len(ratios):
        figures["full_ratio_after_loss_live_max"] = Figure(
            value=max(known), unit="ratio", objective=NEARFULL_RATIO
        )
    return figures


def _is_public(pool: LivePool) -> bool:
    return pool.name == RESOURCES.name


def _ratio(planned: StorageRecord, live: CephRecord) -> float | None:
    """How full the live hosts but one are with all that the live pools take; all hosts are equal.

    None when nothing bounds a pool, or no other host is left.
    """
    bounds = [(pool.usable_bytes, (pool.k + pool.m) / pool.k) for pool in live.pools]
    if live.hosts <= 1 or any(usable is None for usable, _ in bounds):
        return None
    host_bytes = sum(pool.raw_bytes for pool in planned.pools) / planned.hosts
    stored = sum((usable or 0) * raw_ratio for usable, raw_ratio in bounds)
    return stored / (host_bytes * (live.hosts - 1))
