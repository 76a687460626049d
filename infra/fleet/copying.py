"""Zones that would be made before the zone whose copies they keep.

Whichever zone of a zonegroup is made first becomes its master, and a zonegroup that a site does not
find in the realm it makes anew, under the same name. A program sees its own site only; who drives
the stacks knows what stands at the others. A rehearsal runs no operator that would make a zone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra.plan.values import SitePlan
from province.findings import Finding

OUTPUT = "zones"
"""The stack output that says which zones of the object store are at a site."""


def check_copies_follow_their_origin(
    plan: SitePlan, outputs: Callable[[str], Mapping[str, Any]]
) -> Iterator[Finding]:
    """Each zone that is to keep another site's objects finds that site's own zone standing.

    `outputs` are what the stack of that name told when it was last brought up.
    """
    if plan.ceph is None or not plan.ceph.is_retained:
        return
    for zone in plan.ceph.zones:
        origin = zone.zonegroup
        if origin == plan.site:
            continue
        if origin not in (outputs(f"{plan.environment}.{origin}").get(OUTPUT) or ()):
            yield Finding(
                rule="copies-follow-their-origin",
                subject=f"zone {zone.name} at {plan.site}",
                evidence=f"the zone {origin}, whose objects it is to keep, does not stand yet",
                hint="1. set storage.object_copies: false, and ./suyun up all sites; "
                "2. wait until the stores of each are Ready; 3. set it to true, and up again",
            )
