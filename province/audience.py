"""Who uses the platform: personas, how many of each at every branch, and their accounts.

The accounts are synthetic, for load runs and drills; no person has one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from province.province import Province
from province.sites import Site


class Persona(StrEnum):
    """A kind of person, by what they come for."""

    STUDENT = "student"
    TEACHER = "teacher"
    SCHOOL_ADMINISTRATOR = "school-administrator"
    COUNTY_ADMINISTRATOR = "county-administrator"


SCHOOL_ADMINISTRATORS_PER_SCHOOL = 2
"""Planning assumption: one for the pupils' records and one who stands in."""
COUNTY_ADMINISTRATORS_PER_COUNTY = 5
"""Planning assumption: the desk of a county's education bureau."""
DESKS_PRESENT = 12
"""Planning assumption: whoever keeps a school's or a county's records works on the platform in
office hours, so of them twelve times as large a part is there at once as of pupils and teachers.
It also is what makes their journeys, of which few would come, frequent enough to be judged."""

_ACCOUNT = re.compile(
    rf"^(?P<site>[a-z][a-z0-9-]*)-(?P<persona>{'|'.join(Persona)})-(?P<index>\d{{6}}|[1-9]\d{{6,}})$",
    re.ASCII,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """`users` people of one persona at one branch, at the same time; never none."""

    site: str
    persona: Persona
    users: int


def crowds(province: Province, users: int) -> tuple[Crowd, ...]:
    """Exactly `users` people over all branches, in the order of the file and of `Persona`.

    Branches get shares by `users_concurrent`, personas by how many such persons the branch has and
    how large a part of them is there at once, both rounded by the largest remainder. A persona that
    would get none takes one user from the largest, where the branch has a user for each, so that
    no journey goes unmeasured. Raises ValueError for fewer than no users, or for a province whose
    branches serve none.
    """
    branches = province.branches
    shares = apportion(users, [site.users_concurrent for site in branches])
    return tuple(
        crowd
        for site, share in zip(branches, shares, strict=True)
        for crowd in _crowds_at(site, share)
    )


def apportion(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """`total` in whole shares proportional to the weights, by the largest remainder (Hamilton).

    Equal remainders go to the earlier weight. The shares add up to `total`, and each is within
    one of its exact share. Raises ValueError for a negative total or weights that add up to none.
    """
    whole = sum(weights)
    if total < 0 or whole <= 0:
        raise ValueError(f"cannot share {total} by weights that add up to {whole}")
    floors = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(total * weights[i] % whole))
    for index in by_remainder[: total - sum(floors)]:
        floors[index] += 1
    return tuple(floors)


def account(site: str, persona: Persona, index: int) -> str:
    """The name of a synthetic account, such as `suzhou-student-000042`.

    Raises ValueError for a negative index.
    """
    if index < 0:
        raise ValueError(f"an account's index is not negative: {index}")
    return f"{site}-{persona}-{index:06d}"


def parse_account(text: str) -> tuple[str, Persona, int]:
    """Site, persona and index of an account's name. Raises ValueError when it is none."""
    match = _ACCOUNT.fullmatch(text)
    if match is None:
        raise ValueError(f"not an account: {text[:80]!r}")
    return match["site"], Persona(match["persona"]), int(match["index"])


def password(secret: bytes, account: str) -> str:
    """The account's password: 16 characters, base32 of HMAC-SHA256 under the run's secret."""
    digest = hmac.new(secret, account.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest)[:16].decode()


def _crowds_at(site: Site, users: int) -> tuple[Crowd, ...]:
    counts = list(apportion(users, _weights(site)))
    if users >= len(Persona):
        for index, count in enumerate(counts):
            if count == 0:
                counts[counts.index(max(counts))] -= 1
                counts[index] = 1
    return tuple(
        Crowd(site=site.id, persona=persona, users=count)
        for persona, count in zip(Persona, counts, strict=True)
        if count
    )


def _weights(site: Site) -> tuple[int, ...]:
    """In what proportion personas are there at once; students alone where no audience is known."""
    if site.audience is None:
        return (1, 0, 0, 0)
    return (
        round(site.audience.students.value),
        round(site.audience.teachers.value),
        round(site.audience.schools.value) * SCHOOL_ADMINISTRATORS_PER_SCHOOL * DESKS_PRESENT,
        len(site.counties) * COUNTY_ADMINISTRATORS_PER_COUNTY * DESKS_PRESENT,
    )
