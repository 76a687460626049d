"""The storage in PostgreSQL and Ceph: rows in the base database, texts as objects.

What is handed in is an object first and then a row that names it, so a row never names nothing.
"""

from __future__ import annotations

import asyncio
from uuid import uuid4

from province.audience import Persona
from rehearsal.platform.database import Database
from rehearsal.platform.storage import (
    MARKS_MAX,
    RESOURCES_PER_PAGE,
    Course,
    Credentials,
    Mark,
    Person,
    Resource,
    SchoolSummary,
    StorageError,
    Submission,
)
from rehearsal.platform.stores import Stores

SUBMIT_SECONDS = 5.0
"""For the text and its row together."""
_PERSON = """
SELECT salt, digest, account, persona, site, city, county, coalesce(school, '') AS school,
  coalesce(form, '') AS form
FROM people WHERE account = $1
"""
_RESOURCES = """
SELECT id, title, subject, site, course FROM resources WHERE id BETWEEN $1 AND $2 ORDER BY id
"""
_COURSE = "SELECT id, title, subject, video, segments FROM courses WHERE id = $1::bigint"
_SUBMIT = """
INSERT INTO submissions (student, school, course, bucket, key, sha256, at)
VALUES ($1, $2, $3, $4, $5, $6, to_timestamp($7)) RETURNING id
"""
_MARKS = """
SELECT student, course, mark, coalesce(teacher, '') AS teacher, extract(epoch FROM at)::float8 AS at
FROM grades WHERE {} = $1 ORDER BY student, course LIMIT $2
"""
_MARKS_OF_STUDENT, _MARKS_OF_FORM = _MARKS.format("student"), _MARKS.format("form")
_IN_FORM = "SELECT 1 FROM people WHERE account = $1 AND form = $2 AND persona = $3"
_GRADE = """
INSERT INTO grades (student, course, form, mark, teacher, at)
SELECT account, $2::integer, form, $3::integer, $4::text, to_timestamp($5)
FROM people WHERE account = $1
ON CONFLICT (student, course) DO UPDATE
SET form = excluded.form, mark = excluded.mark, teacher = excluded.teacher, at = excluded.at
"""
_SCHOOLS = """
SELECT school, county, students, teachers,
  (SELECT count(*) FROM submissions WHERE submissions.school = schools.school) AS submissions
FROM schools WHERE {} = $1 ORDER BY school
"""
_SCHOOL, _SCHOOLS_OF_COUNTY = _SCHOOLS.format("school"), _SCHOOLS.format("county")


class PostgresStorage:
    """The platform's storage, one object a process, over what is near it."""

    def __init__(self, database: Database, stores: Stores) -> None:
        self._database = database
        self._stores = stores

    async def close(self) -> None:
        """Lets go of database and stores."""
        await self._database.close()
        self._stores.close()

    async def credentials(self, account: str) -> Credentials | None:
        """The person of that account, or None."""
        for row in await self._database.read(_PERSON, account):
            values = dict(row)
            salt, digest = values.pop("salt"), values.pop("digest")
            person = Person(**{**values, "persona": Persona(values["persona"])})
            return Credentials(person=person, salt=salt, digest=digest)
        return None

    async def resources(self, page: int) -> tuple[Resource, ...]:
        """The catalogue's page, from 1; nothing beyond its end."""
        first = (page - 1) * RESOURCES_PER_PAGE + 1
        rows = await self._database.read(_RESOURCES, first, first + RESOURCES_PER_PAGE - 1)
        return tuple(Resource(**row) for row in rows)

    async def course(self, course: int) -> Course | None:
        """That course, or None."""
        rows = await self._database.read(_COURSE, course)
        return Course(**rows[0]) if rows else None

    async def submit(self, submission: Submission) -> int:
        """Keeps a submission and returns its number, once it is committed."""
        try:
            async with asyncio.timeout(SUBMIT_SECONDS):
                return await self._submit(submission)
        except TimeoutError as error:
            raise StorageError("object store and database do not answer in time") from error

    async def marks_of_student(self, account: str) -> tuple[Mark, ...]:
        """That student's marks."""
        rows = await self._database.read(_MARKS_OF_STUDENT, account, MARKS_MAX)
        return tuple(Mark(**row) for row in rows)

    async def marks_of_form(self, form: str) -> tuple[Mark, ...]:
        """The marks of all students of a class."""
        rows = await self._database.read(_MARKS_OF_FORM, form, MARKS_MAX)
        return tuple(Mark(**row) for row in rows)

    async def is_in_form(self, account: str, form: str) -> bool:
        """Whether that account is a student of that class."""
        found = await self._database.read(_IN_FORM, account, form, Persona.STUDENT.value)
        return bool(found)

    async def grade(self, mark: Mark) -> None:
        """Keeps a mark in place of an earlier one, once it is committed."""
        await self._database.write(
            _GRADE, mark.student, mark.course, mark.mark, mark.teacher, mark.at
        )

    async def school(self, school: str) -> SchoolSummary | None:
        """That school in numbers, or None."""
        rows = await self._database.read(_SCHOOL, school)
        return SchoolSummary(**rows[0]) if rows else None

    async def schools_of_county(self, county: str) -> tuple[SchoolSummary, ...]:
        """All schools of that county."""
        rows = await self._database.read(_SCHOOLS_OF_COUNTY, county)
        return tuple(SchoolSummary(**row) for row in rows)

    async def _submit(self, submission: Submission) -> int:
        key = f"{submission.student}/{uuid4()}"
        stored = await self._stores.put(key, submission.text.encode())
        rows = await self._database.write(
            _SUBMIT,
            submission.student,
            submission.school,
            submission.course,
            stored.bucket,
            stored.key,
            submission.sha256,
            submission.at,
        )
        number: int = rows[0]["id"]
        return number
