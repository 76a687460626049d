"""The schema's steps: numbered SQL files, each applied once, in a transaction, and recorded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from rehearsal.database.errors import DatabaseError

FOLDER = Path(__file__).resolve().parent / "migrations"
OWNER = "suyun"
"""Whose the tables are; nobody's who logs in for the platform."""
_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_LOCK = 7_392_026
"""Of PostgreSQL's advisory locks: two at once wait for each other."""
_RECORD = """
CREATE TABLE IF NOT EXISTS migrations (
  number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """One step. `sha256` is the file's, in hexadecimal."""

    number: int
    name: str
    sql: str
    sha256: str


def read(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """All steps in order. Raises DatabaseError for a name that is none and for a gap."""
    steps = tuple(_migration(file) for file in sorted(folder.glob("*.sql")))
    for expected, step in enumerate(steps, start=1):
        if step.number != expected:
            raise DatabaseError(
                f"migration {expected:04d} is missing or there twice, before {step.name}",
                f"number the files of {folder.name} from 0001 without gaps",
            )
    return steps


def pending(
    steps: Sequence[Migration], applied: Sequence[tuple[int, str]]
) -> tuple[Migration, ...]:
    """What is still to be applied; `applied` are numbers and hashes, in order.

    Raises DatabaseError when a step was changed after it was applied, or is known there alone.
    """
    for number, digest in applied:
        if number > len(steps) or steps[number - 1].sha256 != digest:
            raise DatabaseError(
                f"migration {number:04d} is not what was applied to this database",
                "put it back as it was, and say what is new in a further one",
            )
    return tuple(steps[len(applied) :])


async def migrate(connection: Any, steps: Sequence[Migration]) -> int:  # noqa: ANN401 - asyncpg has no types
    """Applies what is missing, all or nothing, and returns how many that were.

    Raises DatabaseError as `pending`; an error in a step's SQL is asyncpg's, and leaves nothing.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(f"SET LOCAL ROLE {OWNER}")
        await connection.execute(_RECORD)
        rows = await connection.fetch("SELECT number, sha256 FROM migrations ORDER BY number")
        todo = pending(steps, [(row["number"], row["sha256"]) for row in rows])
        for step in todo:
            await connection.execute(step.sql)
            await connection.execute(
                "INSERT INTO migrations (number, name, sha256) VALUES ($1, $2, $3)",
                *(step.number, step.name, step.sha256),
            )
    return len(todo)


def _migration(file: Path) -> Migration:
    named = _FILE.fullmatch(file.name)
    if named is None:
        raise DatabaseError(
            f"{file.name} is no name of a migration", "call it like 0001_what_it_does.sql"
        )
    sql = file.read_text("utf-8")
    return Migration(
        number=int(named[1]),
        name=file.stem,
        sql=sql,
        sha256=sha256(sql.encode()).hexdigest(),
    )
