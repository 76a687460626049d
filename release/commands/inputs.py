"""Arguments that several commands share, turned into values or refused with a hint."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from infra.plan.fleet import plan_fleet
from infra.plan.values import FleetPlan, SitePlan
from province.reader import read
from release.errors import InputError
from release.workspace import Workspace


def province_path(given: Path | None) -> Path:
    """The province file that was named, or the checkout's own."""
    return (given or Workspace.here().province_file).absolute()


def fleet(given: Path | None, environment: str) -> FleetPlan:
    """The plans of all sites. Raises ProvinceError with every finding when the file is wrong."""
    return plan_fleet(read(province_path(given)), environment)


def chosen(plans: FleetPlan, sites: Sequence[str] | None) -> tuple[SitePlan, ...]:
    """The plans of the sites that were named, or of all. Raises InputError on an unknown site."""
    known = {plan.site: plan for plan in plans.sites}
    for site in sites or ():
        if site not in known:
            near = difflib.get_close_matches(site, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"sites are: {', '.join(known)}"
            raise InputError(f"there is no site '{site}'", hint)
    return tuple(known[site] for site in dict.fromkeys(sites)) if sites else plans.sites
