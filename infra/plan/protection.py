"""Which change would lose data in one step, seen by comparing a plan with what stands.

A finding's hint is the sequence of steps that leads to the same end without a loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from infra.plan.stateful import DatabasePlan, DataPlan
from infra.plan.values import SitePlan
from province.findings import Finding
from province.value import Value


class StandingData(Value):
    """What a site's last `up` left there; its stack's output `data`.

    `copies_at` is the site that keeps the copies of its data. `database` is its cluster, `primary`
    the cluster that this one took for the primary.
    """

    copies_at: str
    database: str | None = None
    primary: str | None = None


Standing = Mapping[str, StandingData]
"""By site; a site that has no stack yet is not in it."""


def standing_of(plan: DataPlan) -> StandingData:
    """What stands once that plan has been carried out."""
    database = plan.database
    return StandingData(
        copies_at=plan.backup.locations[0].bucket.kept_at,
        database=database.name if database else None,
        primary=database.primary if database else None,
    )


def losses(plans: Iterable[SitePlan], standing: Standing) -> tuple[Finding, ...]:
    """What those plans would lose if they were carried out now; a finding's subject is the site."""
    return tuple(
        finding
        for plan in plans
        if plan.data is not None
        for finding in (
            *_moved_copies(plan, plan.data, standing),
            *_database(plan, plan.data, standing),
        )
    )


def _moved_copies(plan: SitePlan, data: DataPlan, standing: Standing) -> Iterator[Finding]:
    was, now = standing.get(plan.site), standing_of(data).copies_at
    kept = {location.bucket.kept_at for location in data.backup.locations if location.is_of_site}
    if was is not None and was.copies_at not in kept:
        yield Finding(
            rule="copies-are-moved-before-they-are-left",
            subject=plan.site,
            evidence=f"its only copies are at {was.copies_at}; at {now} there are none yet",
            hint=f"1. set former_partner: {was.copies_at} beside backup_partner: {now}, and up; "
            f"2. wait until each data class has been backed up to {now} and restored from there; "
            f"3. remove former_partner, and up",
        )


def _database(plan: SitePlan, data: DataPlan, standing: Standing) -> Iterator[Finding]:
    was, now = standing.get(plan.site), data.database
    if was is not None and was.database is not None and now is None:
        yield from _last_but_one(plan.site, was, standing)
    if now is not None and now.primary == now.name:
        yield from _second_primary(plan.site, now, standing)


def _last_but_one(site: str, was: StandingData, standing: Standing) -> Iterator[Finding]:
    """A cluster may go when it takes no writes, and another one than the primary has it all too."""
    others = [one for name, one in standing.items() if name != site and one.database]
    followers = [one for one in others if one.primary != one.database]
    if was.primary == was.database or not followers:
        yield Finding(
            rule="databases-are-left-in-order",
            subject=site,
            evidence=f"{was.database} is not planned any more, and takes writes or is the one copy",
            hint="1. plan it again; 2. hand the primary over to another site, if it is here, and "
            "up; 3. once another site's cluster follows the new primary, take this one away",
        )


def _second_primary(site: str, now: DatabasePlan, standing: Standing) -> Iterator[Finding]:
    """Whoever is to take writes: is the one that took them until now demoted?"""
    rivals = [
        one.database
        for one in standing.values()
        if one.database and one.database != now.name and one.primary == one.database
    ]
    was = standing.get(site)
    is_primary_already = was is not None and was.primary == now.name
    followed = {one.primary for one in standing.values() if one.database}
    is_made_here = was is None and now.name == now.origin and followed <= {now.name}
    if rivals:
        evidence = f"{', '.join(rivals)} takes writes still; {now.name} would be a second primary"
    elif is_primary_already or is_made_here or now.promotion_token is not None:
        return
    else:
        evidence = f"{now.name} would be promoted without the token of the old primary"
    old = rivals[0] if rivals else "the old primary"
    yield Finding(
        rule="promotions-follow-demotions",
        subject=site,
        evidence=evidence,
        hint=f"1. leave data.database.primary as it is, set handover: {{to: {site}}}, and up: "
        f"{old} is demoted; 2. set handover.promotion_token to its status.demotionToken, and up: "
        f"{now.name} is promoted; 3. set primary: {site}, remove handover, and up",
    )
