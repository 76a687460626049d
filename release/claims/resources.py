"""Claim `resources`: teaching resources lie at many sites and are one catalogue everywhere.

What is stored at a site has to be found from every site that was asked, to be read from the copy
that is nearest there, and to be the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence.drills import ResourceRecord
from evidence.figure import ClaimVerdict, Figure
from province.province import Province
from release.claims.grounds import Case, Ground, conclude, failed, no_evidence, some, unknown
from release.gathered import Gathered

READS = (ResourceRecord,)
SITES_MIN = 3
"""A site, its partner and one without a copy: with fewer, everywhere is where the bytes are."""


def judge_resources(evidence: Gathered) -> ClaimVerdict:
    """PASS once each resource was asked for everywhere, and was found, near and whole."""
    last = {(r.resource, r.asked_at): r for r in evidence.of(ResourceRecord)}
    records = tuple(last.values())
    return conclude(
        evidence,
        Case(
            claim="resources",
            reads=READS,
            grounds=list(_grounds(evidence.province, records)),
            kept=_kept(evidence.province, records),
            figures=_figures(records),
        ),
    )


def _grounds(province: Province, records: Sequence[ResourceRecord]) -> Iterator[Ground]:
    if not records:
        yield no_evidence("resources")
        return
    yield from _of_each(records)
    sites = _sites(records)
    strangers = sorted(sites - {site.id for site in province.sites})
    if strangers:
        yield unknown(f"no sites of the province: {some(strangers)}")
    if len(sites) < SITES_MIN:
        yield unknown(f"resources of {len(sites)} sites were asked for, {SITES_MIN} are needed")
    silent = sorted(sites - {record.stored_at for record in records})
    if silent:
        yield unknown(f"nothing that is stored at {some(silent)} was asked for")
    asked = {(record.resource, record.asked_at) for record in records}
    unasked = sorted(
        f"{resource} at {site}"
        for resource in {record.resource for record in records}
        for site in sites
        if (resource, site) not in asked
    )
    if unasked:
        yield unknown(f"nobody asked for {some(unasked)}")


def _of_each(records: Sequence[ResourceRecord]) -> Iterator[Ground]:
    unfound = [_asked(record) for record in records if not record.is_found]
    if unfound:
        yield failed(f"the catalogue does not have {some(unfound)}")
    found = [record for record in records if record.is_found]
    unread = [_asked(record) for record in found if record.sha256_read is None]
    if unread:
        yield failed(f"the catalogue has it and nobody could read {some(unread)}")
    read = [record for record in found if record.sha256_read is not None]
    other = [_asked(record) for record in read if record.sha256_read != record.sha256_stored]
    if other:
        yield failed(f"other bytes were read than were stored: {some(other)}")
    far = [f"{_asked(r)} from {r.read_from}" for r in read if r.read_from != r.nearest]
    if far:
        yield failed(f"a copy was read that is not the nearest: {some(far)}")


def _asked(record: ResourceRecord) -> str:
    return f"{record.resource} of {record.stored_at} at {record.asked_at}"


def _sites(records: Sequence[ResourceRecord]) -> set[str]:
    return {site for record in records for site in (record.stored_at, record.asked_at)}


def _kept(province: Province, records: Sequence[ResourceRecord]) -> str:
    resources = {record.resource for record in records}
    return (
        f"{len(resources)} resources, stored at {len(_sites(records))} of {len(province.sites)} "
        "sites, were found from each of these, read from the nearest copy and their hash checked"
    )


def _figures(records: Sequence[ResourceRecord]) -> dict[str, Figure]:
    if not records:
        return {}
    good = sum(
        record.is_found
        and record.sha256_read == record.sha256_stored
        and record.read_from == record.nearest
        for record in records
    )
    return {
        "resources_asked": Figure(value=len(records), unit="readings"),
        "resources_read_near_and_whole": Figure(
            value=good, unit="readings", objective=len(records)
        ),
        "sites_asked": Figure(value=len(_sites(records)), unit="sites"),
        "read_max": Figure(value=max(record.seconds for record in records), unit="s"),
    }
