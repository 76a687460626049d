"""Fills the base database with people of no reality: a province's, in a chosen number.

They are those of the reference platform (`roster`), so the same accounts and passwords log in.
Names are put together by the account's hash; nobody real was asked or looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from province.audience import Persona
from province.province import Province
from rehearsal.database.client import DatabaseAccess, session
from rehearsal.platform.roster import people
from rehearsal.platform.seeding import COURSES, course_rows, credentials, resource_rows
from rehearsal.platform.storage import Person

_SECONDS = 300.0
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
_GIVEN = "子雨一文思晨浩嘉明欣宇佳梓涵俊怡若天芳华建国志强静丽敏军勇艳洋磊婷博远安宁清和春秋"
_FIRST_MARKS_AT = datetime(2026, 9, 1, tzinfo=UTC)
_MARK_MIN = 60
_MARKS = 41

Row = tuple[object, ...]


async def fill(access: DatabaseAccess, province: Province, users: int, secret: bytes) -> int:
    """All people of `users` concurrent users, with schools, courses and a mark for each student.

    Returns how many people there are; a database that has any is left as it is. Passwords are
    those of `province.audience.password` under `secret`. Raises DatabaseError, and ValueError as
    `roster.people`; then nothing was filled in.
    """
    everybody = tuple(people(province, users))
    sites = tuple(site.id for site in province.sites)
    async with session(access, _SECONDS) as connection, connection.transaction():
        known = int(await connection.fetchval("SELECT count(*) FROM people"))
        if known:
            return known
        for table, rows in (
            ("schools", _schools(province, everybody)),
            ("people", _people(everybody, secret)),
            ("courses", course_rows()),
            ("grades", _first_marks(everybody)),
        ):
            await connection.copy_records_to_table(table, records=rows)
        # Their numbers are the table's own, which goes on counting after them.
        await connection.copy_records_to_table(
            "resources",
            records=(row[1:] for row in resource_rows(sites)),
            columns=("title", "subject", "site", "course"),
        )
    return len(everybody)


def name(account: str) -> str:
    """A name for that account, always the same: a surname, and one or two characters more."""
    dice = sha256(account.encode()).digest()
    given = "".join(_GIVEN[byte % len(_GIVEN)] for byte in dice[1 : 2 + dice[3] % 2])
    return _SURNAMES[dice[0] % len(_SURNAMES)] + given


def _people(everybody: Sequence[Person], secret: bytes) -> Iterator[Row]:
    for who in everybody:
        yield (
            *(who.account, name(who.account), *credentials(secret, who.account)),
            *(who.persona.value, who.site, who.city, who.county),
            *(who.school or None, who.form or None),
        )


def _schools(province: Province, everybody: Sequence[Person]) -> Iterator[Row]:
    """Every school that has anybody, with how many."""
    counties = {county.id: county.name for site in province.sites for county in site.counties}
    of_school = {who.school: who for who in everybody if who.school}
    counted = Counter((who.school, who.persona) for who in everybody)
    for school, who in sorted(of_school.items()):
        number = int(school.rpartition("-")[2])
        yield (
            *(school, f"{counties.get(who.county, who.city)}第{number}学校"),
            *(who.county, who.city, who.site),
            *(counted[school, Persona.STUDENT], counted[school, Persona.TEACHER]),
        )


def _first_marks(everybody: Sequence[Person]) -> Iterator[Row]:
    """One mark a student, spread over courses and marks, so that no grade book is empty."""
    students = (who for who in everybody if who.persona is Persona.STUDENT)
    for number, who in enumerate(students):
        course, mark = number * 7919 % COURSES + 1, _MARK_MIN + number % _MARKS
        yield who.account, course, who.form, mark, None, _FIRST_MARKS_AT
