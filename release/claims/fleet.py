"""Claim `fleet`: one main and 13 branch centers stand, as planned, and nothing is left to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from evidence.figure import ClaimVerdict, Figure
from evidence.records import BootRecord, StackRecord
from infra.plan.labels import FLEET
from release.claims.grounds import Case, Ground, conclude, failed, no_evidence, some, unknown
from release.gathered import Gathered

READS = (BootRecord, StackRecord)
Boots = Mapping[str, BootRecord]
Stacks = Mapping[tuple[str, str], StackRecord]
_SECOND = ("second-preview", "drift")


def judge_fleet(evidence: Gathered) -> ClaimVerdict:
    """Each site of the province has booted, is up and ready, and its second preview is empty.

    So is the stack between the sites, where the branches' clusters were made by one.
    """
    boots = {record.site: record for record in evidence.of(BootRecord)}
    stacks: Stacks = {(r.site, r.operation): r for r in evidence.of(StackRecord)}
    sites = [site.id for site in evidence.province.sites]
    grounds = list(_grounds(sites, boots, stacks)) if boots or stacks else [no_evidence("fleet")]
    return conclude(
        evidence,
        Case(
            claim="fleet",
            reads=READS,
            grounds=grounds,
            kept=f"all {len(sites)} sites stand, and their second preview is empty",
            figures=_figures(sites, boots, stacks),
        ),
    )


def _grounds(sites: list[str], boots: Boots, stacks: Stacks) -> Iterator[Ground]:
    between = [FLEET] if any(site == FLEET for site, _ in stacks) else []
    strangers = sorted({*boots, *(site for site, _ in stacks)} - {*sites, FLEET})
    if strangers:
        yield unknown(f"evidence names sites that the province has not: {some(strangers)}")
    yield from _of_boots(sites, boots)
    for operation in (_of_ups, _of_second_previews, _of_drifts):
        yield from operation([*between, *sites], stacks)


def _of_boots(sites: list[str], boots: Boots) -> Iterator[Ground]:
    absent = [site for site in sites if site not in boots]
    if absent:
        yield unknown(f"no control plane was seen to boot at {some(absent)}")
    short = [
        f"{b.site} ({b.nodes_ready} of {b.nodes_planned})"
        for b in boots.values()
        if b.nodes_ready < b.nodes_planned
    ]
    if short:
        yield failed(f"nodes are missing at {some(short)}")


def _of_ups(sites: list[str], stacks: Stacks) -> Iterator[Ground]:
    ups = [stacks.get((site, "up")) for site in sites]
    absent = [site for site, up in zip(sites, ups, strict=True) if up is None]
    if absent:
        yield unknown(f"no stack was brought up at {some(absent)}")
    seen = [up for up in ups if up is not None]
    yield from _each(
        seen, lambda r: r.error is not None, unknown, "bringing the stack up broke off at"
    )
    yield from _each(seen, lambda r: r.ready is False, failed, "workloads did not become ready at")
    yield from _each(
        seen, lambda r: r.ready is None and not r.error, unknown, "nobody looked at readiness at"
    )


def _of_second_previews(sites: list[str], stacks: Stacks) -> Iterator[Ground]:
    """A look for drift is one too: a preview of what stands, after reading the cluster anew."""
    absent = [site for site in sites if not any((site, one) in stacks for one in _SECOND)]
    if absent:
        yield unknown(f"there was no second preview at {some(absent)}")
    yield from _of_previews(sites, stacks, "second-preview")


def _of_drifts(sites: list[str], stacks: Stacks) -> Iterator[Ground]:
    yield from _of_previews(sites, stacks, "drift")


def _of_previews(sites: list[str], stacks: Stacks, operation: str) -> Iterator[Ground]:
    name = operation.replace("-", " ")
    seen = [stacks[site, operation] for site in sites if (site, operation) in stacks]
    yield from _each(seen, lambda r: r.error is not None, unknown, f"the {name} broke off at")
    changed = [f"{r.site} ({r.changes} changes)" for r in seen if r.error is None and r.changes]
    if changed:
        yield failed(f"the {name} is not empty at {some(changed)}")


def _each(
    records: Iterable[StackRecord],
    broken: Callable[[StackRecord], bool],
    ground: Callable[[str], Ground],
    text: str,
) -> Iterator[Ground]:
    names = [f"{r.site} ({r.error})" if r.error else r.site for r in records if broken(r)]
    if names:
        yield ground(f"{text} {some(names)}")


def _figures(sites: list[str], boots: Boots, stacks: Stacks) -> dict[str, Figure]:
    ups = [r for (_, operation), r in stacks.items() if operation == "up"]
    previews = [r for (_, operation), r in stacks.items() if operation in _SECOND]
    figures: dict[str, Figure] = {}
    if boots or stacks:
        standing = sum(_stands(site, boots, stacks) for site in sites)
        figures["sites_standing"] = Figure(value=standing, unit="sites", objective=len(sites))
    if (FLEET, "up") in stacks:
        made = [site for site in sites[1:] if site in boots]
        figures["clusters_by_cluster_api"] = Figure(
            value=len(made), unit="clusters", objective=len(sites) - 1
        )
    if boots:
        figures["nodes_simulated"] = Figure(
            value=sum(b.nodes_ready for b in boots.values() if b.nodes_simulated), unit="nodes"
        )
        figures["boot_seconds_max"] = Figure(
            value=max(b.ready_seconds for b in boots.values()), unit="s"
        )
    if ups:
        figures["resources"] = Figure(value=sum(r.resources for r in ups), unit="resources")
        figures["up_seconds_max"] = Figure(value=max(r.seconds for r in ups), unit="s")
    if previews:
        figures["second_preview_changes"] = Figure(
            value=sum(r.changes for r in previews), unit="changes", objective=0
        )
    return figures


def _stands(site: str, boots: Boots, stacks: Stacks) -> bool:
    boot, up = boots.get(site), stacks.get((site, "up"))
    return (
        boot is not None
        and boot.nodes_ready >= boot.nodes_planned
        and up is not None
        and up.error is None
        and up.ready is True
    )
