"""Objectives: what "in time and without error" means, as data that the gate quotes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from province.value import Value


class Journey(StrEnum):
    """One step that a person takes; each request of a load run bears one of these names."""

    LOGIN = "login"
    CATALOGUE = "catalogue"
    COURSE = "course"
    VIDEO = "video"
    SUBMISSION = "submission"
    GRADEBOOK = "gradebook"
    MANAGEMENT = "management"


class JourneyObjective(Value):
    """Bounds on one journey's response time, in milliseconds, and on its share of errors."""

    journey: Journey
    response_ms_p95_max: PositiveFloat
    response_ms_p99_max: PositiveFloat
    errors_ratio_max: Annotated[float, Field(ge=0, le=1)]


class Objectives(Value):
    """What the province must keep, all of it at once.

    `branch_centers_min` branches, each in a prefecture of its own, serve
    `users_concurrent_min` users connected for `hold_seconds_min`, over an Internet access of
    `egress_gbps_min`, with `storage_pb_min` PB (10^15 bytes) of usable public storage.
    """

    branch_centers_min: PositiveInt
    users_concurrent_min: PositiveInt
    hold_seconds_min: PositiveInt
    egress_gbps_min: PositiveFloat
    storage_pb_min: PositiveFloat
    ipv6_share_min: Annotated[float, Field(ge=0, le=1)]
    journeys: Annotated[tuple[JourneyObjective, ...], Field(min_length=1)]
