"""The storage in SQLite: readers answer at once, writers are committed in batches (`writer`).

Write-ahead logging lets all processes read while one writes. A read takes some 20 µs from the
page cache, less than handing it to a thread would.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from province.audience import Persona
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
from rehearsal.platform.writer import BatchWriter

_SCHOOL_COLUMNS = (
    "school, county, students, teachers, "
    "(SELECT count(*) FROM submissions WHERE submissions.school = schools.school)"
)


class SqliteStorage:
    """The platform's storage, one object a process. Made by `seeding.seed` beforehand."""

    def __init__(self, file: Path) -> None:
        """Opens the database. Raises StorageError when there is none."""
        try:
            self._reader = sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)
            self._reader.execute("SELECT count(*) FROM courses").fetchone()
        except sqlite3.Error as error:
            raise StorageError(f"{file} is no platform database: {error}") from error
        self._writer = BatchWriter(file)

    async def close(self) -> None:
        """Waits for the writes under way and closes the database."""
        await self._writer.close()
        self._reader.close()

    async def credentials(self, account: str) -> Credentials | None:
        """The person of that account, or None."""
        row = self._row(
            "SELECT salt, digest, account, persona, site, city, county, school, form "
            "FROM people WHERE account = ?",
            account,
        )
        if row is None:
            return None
        salt, digest, name, persona, site, city, county, school, form = row
        person = Person(
            account=name,
            persona=Persona(persona),
            site=site,
            city=city,
            county=county,
            school=school,
            form=form,
        )
        return Credentials(person=person, salt=salt, digest=digest)

    async def resources(self, page: int) -> tuple[Resource, ...]:
        """The catalogue's page, from 1; nothing beyond its end."""
        first = (page - 1) * RESOURCES_PER_PAGE + 1
        rows = self._rows(
            "SELECT id, title, subject, site, course FROM resources WHERE id BETWEEN ? AND ?",
            first,
            first + RESOURCES_PER_PAGE - 1,
        )
        return tuple(
            Resource(id=number, title=title, subject=subject, site=site, course=course)
            for number, title, subject, site, course in rows
        )

    async def course(self, course: int) -> Course | None:
        """That course, or None."""
        row = self._row(
            "SELECT id, title, subject, video, segments FROM courses WHERE id = ?", course
        )
        if row is None:
            return None
        number, title, subject, video, segments = row
        return Course(id=number, title=title, subject=subject, video=video, segments=segments)

    async def submit(self, submission: Submission) -> int:
        """Keeps a submission and returns its number, once it is committed."""
        return await self._writer.write(
            "INSERT INTO submissions (student, school, course, text, sha256, at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            submission.student,
            submission.school,
            submission.course,
            submission.text,
            submission.sha256,
            submission.at,
        )

    async def marks_of_student(self, account: str) -> tuple[Mark, ...]:
        """That student's marks."""
        return self._marks("student = ?", account)

    async def marks_of_form(self, form: str) -> tuple[Mark, ...]:
        """The marks of all students of a class."""
        return self._marks("form = ?", form)

    async def is_in_form(self, account: str, form: str) -> bool:
        """Whether that account is a student of that class."""
        row = self._row(
            "SELECT 1 FROM people WHERE account = ? AND form = ? AND persona = ?",
            account,
            form,
            Persona.STUDENT.value,
        )
        return row is not None

    async def grade(self, mark: Mark) -> None:
        """Keeps a mark in place of an earlier one, once it is committed."""
        await self._writer.write(
            "INSERT OR REPLACE INTO grades SELECT account, ?, form, ?, ?, ? FROM people "
            "WHERE account = ?",
            mark.course,
            mark.mark,
            mark.teacher,
            mark.at,
            mark.student,
        )

    async def school(self, school: str) -> SchoolSummary | None:
        """That school in numbers, or None."""
        found = self._schools("school = ?", school)
        return found[0] if found else None

    async def schools_of_county(self, county: str) -> tuple[SchoolSummary, ...]:
        """All schools of that county."""
        return self._schools("county = ?", county)

    def _marks(self, condition: str, value: str) -> tuple[Mark, ...]:
        rows = self._rows(
            f"SELECT student, course, mark, teacher, at FROM grades WHERE {condition} LIMIT ?",  # noqa: S608 - the condition is one of two literals above
            value,
            MARKS_MAX,
        )
        return tuple(
            Mark(student=student, course=course, mark=mark, teacher=teacher, at=at)
            for student, course, mark, teacher, at in rows
        )

    def _schools(self, condition: str, value: str) -> tuple[SchoolSummary, ...]:
        rows = self._rows(f"SELECT {_SCHOOL_COLUMNS} FROM schools WHERE {condition}", value)  # noqa: S608 - the condition is one of two literals above
        return tuple(
            SchoolSummary(
                school=school,
                county=county,
                students=students,
                teachers=teachers,
                submissions=submissions,
            )
            for school, county, students, teachers, submissions in rows
        )

    def _row(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        rows = self._rows(statement, *values)
        return rows[0] if rows else None

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._reader.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StorageError(str(error)) from error
