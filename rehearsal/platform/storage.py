"""What the platform keeps, as values, and the storage that it asks for them.

`Storage` is asynchronous although SQLite answers at once, because PostgreSQL does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from province.audience import Persona

RESOURCES_PER_PAGE = 20
MARKS_MAX = 200
"""Rows of one answer; a class of 50 with four marks each."""


class StorageError(Exception):
    """The storage could not do what was asked, or cannot tell whether it did."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Who somebody is. `form` is the class that a student is in or that a teacher teaches."""

    account: str
    persona: Persona
    site: str
    city: str
    county: str
    school: str
    form: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """A person and what is kept of the password: a salted hash (`passwords`)."""

    person: Person
    salt: bytes
    digest: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One entry of the one catalogue; `site` is where the resource lies."""

    id: int
    title: str
    subject: str
    site: str
    course: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """A course and its lessons' video of `segments` segments."""

    id: int
    title: str
    subject: str
    video: int
    segments: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """What a student hands in. `sha256` is that of the text, in hexadecimal."""

    student: str
    school: str
    course: int
    text: str
    sha256: str
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A mark from 0 to 100."""

    student: str
    course: int
    mark: int
    teacher: str
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SchoolSummary:
    """One school in numbers."""

    school: str
    county: str
    students: int
    teachers: int
    submissions: int


class Storage(Protocol):
    """What every storage of the platform can do. All raise StorageError when it cannot answer."""

    async def close(self) -> None:
        """Waits for what is under way and lets go."""

    async def credentials(self, account: str) -> Credentials | None:
        """The person of that account, or None."""

    async def resources(self, page: int) -> tuple[Resource, ...]:
        """The catalogue's page, from 1; nothing beyond its end."""

    async def course(self, course: int) -> Course | None:
        """That course, or None."""

    async def submit(self, submission: Submission) -> int:
        """Keeps a submission and returns its number, once it is committed."""

    async def marks_of_student(self, account: str) -> tuple[Mark, ...]:
        """That student's marks."""

    async def marks_of_form(self, form: str) -> tuple[Mark, ...]:
        """The marks of all students of a class."""

    async def is_in_form(self, account: str, form: str) -> bool:
        """Whether that account is a student of that class."""

    async def grade(self, mark: Mark) -> None:
        """Keeps a mark in place of an earlier one, once it is committed."""

    async def school(self, school: str) -> SchoolSummary | None:
        """That school in numbers, or None."""

    async def schools_of_county(self, county: str) -> tuple[SchoolSummary, ...]:
        """All schools of that county."""
