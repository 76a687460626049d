"""What an empty server gets before it is the base database: roles, the database, its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from infra.plan.stateful import DatabasePlan, DatabaseRolePlan
from rehearsal.database.client import DATABASE, SUPERUSER, DatabaseAccess, session
from rehearsal.database.migrations import OWNER, migrate, read
from rehearsal.database.passwords import verifier
from rehearsal.database.settings import REPLICATION_ROLE

_SECONDS = 60.0
_REWINDING = (
    "pg_ls_dir(text, boolean, boolean)",
    "pg_stat_file(text, boolean)",
    "pg_read_binary_file(text)",
    "pg_read_binary_file(text, bigint, bigint, boolean)",
)
"""What `pg_rewind` reads the new primary by ("Notes" of its manual page)."""


async def found(access: DatabaseAccess, plan: DatabasePlan, passwords: Mapping[str, str]) -> None:
    """Makes roles and database; `passwords` are those of the plan's roles and of replication.

    Raises DatabaseError. What was there already is an error: only an empty server is founded.
    """
    async with session(replace(access, database=SUPERUSER), _SECONDS) as connection:
        for statement in _statements(plan, passwords):
            await connection.execute(statement)


async def bring_up_to_date(access: DatabaseAccess) -> int:
    """Applies the migrations that are missing and returns how many. Raises DatabaseError."""
    async with session(access, _SECONDS) as connection:
        return await migrate(connection, read())


def _statements(plan: DatabasePlan, passwords: Mapping[str, str]) -> Iterator[str]:
    yield f"CREATE ROLE {OWNER} NOLOGIN"
    for role in plan.roles:
        yield _role(role, passwords[role.name])
    kept = verifier(passwords[REPLICATION_ROLE])
    yield f"CREATE ROLE {REPLICATION_ROLE} LOGIN REPLICATION PASSWORD '{kept}'"
    for function in _REWINDING:
        yield f"GRANT EXECUTE ON FUNCTION pg_catalog.{function} TO {REPLICATION_ROLE}"
    yield f"CREATE DATABASE {DATABASE} OWNER {OWNER}"
    yield f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC"
    for role in plan.roles:
        yield f"GRANT CONNECT ON DATABASE {DATABASE} TO {role.name}"


def _role(role: DatabaseRolePlan, password: str) -> str:
    member_of = f" IN ROLE {', '.join(role.member_of)}" if role.member_of else ""
    return (
        f"CREATE ROLE {role.name} LOGIN CONNECTION LIMIT {role.connections_max}"
        f" PASSWORD '{verifier(password)}'{member_of}"
    )
