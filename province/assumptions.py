"""Planning assumptions as data: how bytes grow and how they flow, each with where it comes from."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, NonNegativeInt

from province.value import Sourced, Value

HOURS = 24
Ratio = Annotated[float, Field(ge=0, le=1)]
Hour = Annotated[NonNegativeInt, Field(lt=HOURS)]


class StorageGrowth(Value):
    """From `opens_on`, when the promised bytes are stored, they grow by a ratio each year.

    New disks stand `purchase_years` after they were asked for. `ceph_image` has every daemon of
    every site's cluster. `object_copies` is false until each site's own zone of the object store
    stands: whichever zone of a site's objects is made first takes the writes.
    """

    opens_on: date
    growth_ratio_per_year: Sourced
    purchase_years: Sourced
    ceph_image: Annotated[str, Field(pattern=r"^\S+@sha256:[0-9a-f]{64}$")]
    object_copies: bool = True


class Traffic(Value):
    """What flows over the links. Units: kbit/s of one user, decimal megabytes, ratios.

    `internet_ratio` of a user's traffic comes over the main center's Internet access, all else
    from the branch over the education network. `users_by_hour` is the share of the concurrent
    users that is there in each hour of the day, from midnight on. What a user adds in a day goes to
    the backup partner as it comes; the backup window, from `backup_from_hour` to before
    `backup_to_hour`, copies what has changed of all that the site stores.
    """

    user_kbps: Sourced
    internet_ratio: Sourced
    users_by_hour: Annotated[tuple[Ratio, ...], Field(min_length=HOURS, max_length=HOURS)]
    user_mb_per_day: Sourced
    backup_changed_ratio: Sourced
    backup_from_hour: Hour
    backup_to_hour: Hour
