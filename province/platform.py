"""The platform's workloads as data: what runs at which tier, and how much one replica needs."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated

from pydantic import Field, PositiveInt

from province.value import Id, Value


class Tier(StrEnum):
    """The four tiers of the source document: 省、市、县、校."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    SCHOOL = "school"


class Compute(Value):
    """Compute of one container. CPU in thousandths of a core, memory in MiB."""

    cpu_millis: PositiveInt
    memory_mib: PositiveInt


class Workload(Value):
    """One service of the platform, deployed in `tier`'s namespaces at each site.

    Replicas at a site are `users / users_per_replica`, rounded up, but at least `replicas_min`.
    `limits` may be left out here; the policy `containers-have-limits` then stops the preview.
    """

    id: Id
    tier: Tier
    path_prefixes: Annotated[tuple[str, ...], Field(min_length=1)]
    image: Annotated[str, Field(pattern=r"^\S+@sha256:[0-9a-f]{64}$")]
    port: Annotated[int, Field(ge=1024, le=65535)] = 8080
    users_per_replica: PositiveInt
    replicas_min: PositiveInt = 2
    requests: Compute
    limits: Compute | None = None

    def replicas(self, users: int) -> int:
        """How many replicas serve that many users."""
        return max(self.replicas_min, math.ceil(users / self.users_per_replica))


class Platform(Value):
    """All workloads, and the host names they answer to."""

    domain: str
    workloads: Annotated[tuple[Workload, ...], Field(min_length=1)]


class TierShares(Value):
    """What each member of a tier may use for itself, beside the platform's own workloads.

    `province` and `city` are for jobs, once at each branch; `county` is for each county, `school`
    for each school. All of it comes out of the branch's platform pool.
    """

    province: Compute
    city: Compute
    county: Compute
    school: Compute
