"""Example provinces for tests: the real one, a small one, and ways to change one thing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from province.data import Handover
from province.province import Province
from province.reader import read
from province.sites import Purpose

PROVINCE_FILE = Path(__file__).resolve().parent.parent / "stacks" / "province.yaml"

_SMALL = {
    "main": {"backup_partner": "suzhou", "users_concurrent": 750, "takeover_users": 1000},
    "suzhou": {"backup_partner": "xuzhou", "users_concurrent": 2000, "takeover_users": 750},
    "xuzhou": {"backup_partner": "main", "users_concurrent": 1000, "takeover_users": 2000},
}


@cache
def province() -> Province:
    """Jiangsu, as `stacks/province.yaml` describes it."""
    return read(PROVINCE_FILE)


@cache
def small() -> Province:
    """The main center and two branches in a ring, 3,000 users in all; it keeps every relation."""
    whole = province()
    sites = tuple(whole.site(name).model_copy(update=change) for name, change in _SMALL.items())
    fewer = {"branch_centers_min": 2, "users_concurrent_min": 3000, "storage_pb_min": 0.5}
    objectives = whole.objectives.model_copy(update=fewer)
    fewer_sites = whole.model_copy(update={"sites": sites, "objectives": objectives})
    return with_database(fewer_sites, holders=tuple(_SMALL))


@cache
def pair() -> Province:
    """The main center and one branch, each the other's partner: what a branch can be added to."""
    whole = small()
    main = whole.main.model_copy(update={"takeover_users": 9000})
    branch = {"backup_partner": "main", "users_concurrent": 9000}
    asked = {"branch_centers_min": 1, "users_concurrent_min": 9000, "storage_pb_min": 0.3}
    fewer = whole.model_copy(
        update={
            "sites": (main, whole.site("suzhou").model_copy(update=branch)),
            "objectives": whole.objectives.model_copy(update=asked),
        }
    )
    return with_database(fewer, holders=("main", "suzhou"))


@cache
def joined() -> Province:
    """`pair` with xuzhou's row more, and the ring closed again by suzhou's partner.

    What suzhou has at main, its partner before, stays in reach.
    """
    before = with_site(pair(), "suzhou", backup_partner="xuzhou", former_partner="main")
    row = small().site("xuzhou").model_copy(update={"takeover_users": 9000})
    return before.model_copy(update={"sites": (*before.sites, row)})


def write(world: Province, path: Path) -> Path:
    """That province as a file that the reader takes."""
    data = world.model_dump(mode="json", by_alias=True, exclude_none=True)
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
    return path


def with_site(world: Province, site: str, **changes: Any) -> Province:  # noqa: ANN401 - any field
    """The same province, but for those fields of one site."""
    changed = tuple(
        one.model_copy(update=changes) if one.id == site else one for one in world.sites
    )
    return world.model_copy(update={"sites": changed})


def without_site(world: Province, site: str) -> Province:
    """The same province, but for one site that is gone."""
    return world.model_copy(update={"sites": tuple(s for s in world.sites if s.id != site)})


def with_pool(world: Province, site: str, purpose: Purpose, **changes: Any) -> Province:  # noqa: ANN401 - any field
    """The same province, but for those fields of one site's node pool."""
    nodes = tuple(
        pool.model_copy(update=changes) if pool.purpose is purpose else pool
        for pool in world.site(site).nodes
    )
    return with_site(world, site, nodes=nodes)


def with_county(world: Province, site: str, county: str, **changes: Any) -> Province:  # noqa: ANN401 - any field
    """The same province, but for those fields of one county."""
    counties = tuple(
        one.model_copy(update=changes) if one.id == county else one
        for one in world.site(site).counties
    )
    return with_site(world, site, counties=counties)


def with_workload(world: Province, workload: str, **changes: Any) -> Province:  # noqa: ANN401 - any field
    """The same province, but for those fields of one workload."""
    workloads = tuple(
        one.model_copy(update=changes) if one.id == workload else one
        for one in world.platform.workloads
    )
    platform = world.platform.model_copy(update={"workloads": workloads})
    return world.model_copy(update={"platform": platform})


def with_objectives(world: Province, **changes: Any) -> Province:  # noqa: ANN401 - any field
    """The same province, but for those objectives."""
    return world.model_copy(update={"objectives": world.objectives.model_copy(update=changes)})


def with_primary(world: Province, site: str) -> Province:
    """The same province, but that the base database's primary is at that site."""
    return with_database(world, primary=site, handover=None)


def with_handover(world: Province, handover: Handover) -> Province:
    """The same province, but that the base database is on its way to another site."""
    return with_database(world, handover=handover)


def with_database(world: Province, **changes: Any) -> Province:  # noqa: ANN401 - any field
    """The same province, but for those fields of the base database."""
    assert world.data is not None
    database = world.data.database.model_copy(update=changes)
    return world.model_copy(update={"data": world.data.model_copy(update={"database": database})})
