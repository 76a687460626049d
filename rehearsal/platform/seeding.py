"""Makes the platform's database, whole or not at all, before the platform starts."""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from province.audience import Persona, password
from rehearsal.platform.passwords import SALT_BYTES, digest
from rehearsal.platform.storage import Person, StorageError
from rehearsal.platform.video import SEGMENTS_PER_VIDEO, VIDEOS

COURSES = VIDEOS
"""Each course has one video; courses, like videos, count from 1."""
RESOURCES_PER_COURSE = 3
RESOURCES = COURSES * RESOURCES_PER_COURSE
SUBJECTS = ("语文", "数学", "英语", "物理", "化学", "生物", "历史", "地理", "政治", "音乐")

_SCHEMA = """
CREATE TABLE people (
  account TEXT PRIMARY KEY, salt BLOB NOT NULL, digest BLOB NOT NULL, persona TEXT NOT NULL,
  site TEXT NOT NULL, city TEXT NOT NULL, county TEXT NOT NULL, school TEXT NOT NULL,
  form TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE schools (
  school TEXT PRIMARY KEY, county TEXT NOT NULL, students INTEGER NOT NULL,
  teachers INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE courses (
  id INTEGER PRIMARY KEY, title TEXT NOT NULL, subject TEXT NOT NULL, video INTEGER NOT NULL,
  segments INTEGER NOT NULL
);
CREATE TABLE resources (
  id INTEGER PRIMARY KEY, title TEXT NOT NULL, subject TEXT NOT NULL, site TEXT NOT NULL,
  course INTEGER NOT NULL REFERENCES courses (id)
);
CREATE TABLE submissions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, student TEXT NOT NULL, school TEXT NOT NULL,
  course INTEGER NOT NULL, text TEXT NOT NULL, sha256 TEXT NOT NULL, at REAL NOT NULL
);
CREATE TABLE grades (
  student TEXT NOT NULL, course INTEGER NOT NULL, form TEXT NOT NULL, mark INTEGER NOT NULL,
  teacher TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (student, course)
) WITHOUT ROWID;
"""
_INDEXES = """
INSERT INTO schools
  SELECT school, min(county), sum(persona = 'student'), sum(persona = 'teacher')
  FROM people WHERE school != '' GROUP BY school;
CREATE INDEX schools_by_county ON schools (county);
CREATE INDEX submissions_by_school ON submissions (school);
CREATE INDEX grades_by_form ON grades (form);
PRAGMA journal_mode = WAL;
"""


def seed(file: Path, people: Iterable[Person], sites: tuple[str, ...], secret: bytes) -> int:
    """Makes the database in `file` and returns how many people it holds.

    An earlier database is replaced. Passwords are those of `province.audience.password` under
    `secret`; salts and first marks derive from it too, so equal secrets give equal databases.
    Raises StorageError when the disk is full or the folder cannot be written, and what `people`
    raises of that kind.
    """
    new = file.with_name(f".{file.name}.new")
    try:
        _remove(new)
        count = _fill(new, people, sites, secret)
        _remove(file)
        new.replace(file)
    except StorageError:
        _remove(new)
        raise
    except (OSError, sqlite3.Error) as error:
        _remove(new)
        raise StorageError(f"the platform's database cannot be made: {error}") from error
    return count


def _fill(file: Path, people: Iterable[Person], sites: tuple[str, ...], secret: bytes) -> int:
    database = sqlite3.connect(file, isolation_level=None)
    try:
        database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
        database.execute("BEGIN")
        counted = database.executemany(
            "INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _person_rows(people, secret)
        )
        database.executemany("INSERT INTO courses VALUES (?, ?, ?, ?, ?)", course_rows())
        database.executemany("INSERT INTO resources VALUES (?, ?, ?, ?, ?)", resource_rows(sites))
        _first_marks(database)
        database.execute("COMMIT")
        database.executescript(_INDEXES)
        return counted.rowcount
    finally:
        database.close()


def _person_rows(people: Iterable[Person], secret: bytes) -> Iterator[tuple[object, ...]]:
    for who in people:
        yield (
            *(who.account, *credentials(secret, who.account), who.persona.value),
            *(who.site, who.city, who.county, who.school, who.form),
        )


def credentials(secret: bytes, account: str) -> tuple[bytes, bytes]:
    """The account's salt and what is kept of its password; equal for equal secrets."""
    salt = hmac.digest(secret, f"salt {account}".encode(), "sha256")[:SALT_BYTES]
    return salt, digest(salt, password(secret, account))


def course_rows() -> Iterator[tuple[int, str, str, int, int]]:
    """Every course: number, title, subject, video and its segments."""
    for course in range(1, COURSES + 1):
        subject = SUBJECTS[course % len(SUBJECTS)]
        yield course, f"{subject} 第{course}课", subject, course, SEGMENTS_PER_VIDEO


def resource_rows(sites: tuple[str, ...]) -> Iterator[tuple[int, str, str, str, int]]:
    """Every resource: number, title, subject, the site where it lies, and its course."""
    for number in range(1, RESOURCES + 1):
        course = (number - 1) // RESOURCES_PER_COURSE + 1
        subject = SUBJECTS[course % len(SUBJECTS)]
        yield number, f"{subject} 资源{number}", subject, sites[number % len(sites)], course


def _first_marks(database: sqlite3.Connection) -> None:
    """One mark a student, so that no grade book is empty; spread over courses and marks."""
    database.execute(
        "INSERT INTO grades SELECT account, abs(rid * 7919) % ? + 1, form, 60 + rid % 41, '', 0 "
        "FROM (SELECT account, form, row_number() OVER (ORDER BY account) AS rid FROM people "
        "WHERE persona = ?)",
        (COURSES, Persona.STUDENT.value),
    )


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
