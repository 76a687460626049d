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
    RESOURCE = "resource"
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


class DataObjectives(Value):
    """Bounds on what is copied between sites, and on how long clients wait for it after a loss.

    `lag_ms_p99_*`: from an acknowledged write of 64 KiB until the partner answers with it, without
    users and under load. `*_rto_seconds_max`: from a loss until clients are answered again; object
    reads, or writes to the database. `rpo_seconds_max`: the age of the oldest write that a loss
    may take where a copy follows its acknowledgement; where it precedes it, none may be lost.
    """

    lag_ms_p99_idle_max: PositiveFloat = 1000
    lag_ms_p99_load_max: PositiveFloat = 5000
    objects_rto_seconds_max: PositiveFloat = 5
    database_rto_seconds_max: PositiveFloat = 30
    rpo_seconds_max: PositiveFloat = 10


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
    data: DataObjectives = DataObjectives()
    journeys: Annotated[tuple[JourneyObjective, ...], Field(min_length=1)]
