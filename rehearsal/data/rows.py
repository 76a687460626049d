"""All rows of the base database, as hashes: what a restored copy is compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from rehearsal.database.client import DatabaseAccess, session

ACCOUNTS = frozenset({"people"})
"""Who may log in, and by what; all other tables are records."""
_ROWS_SECONDS = 120.0
_TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name
"""

Rows = Mapping[str, Counter[str]]
"""By table, the hashes of its rows, and how often each is there."""


async def rows(access: DatabaseAccess, *, is_accounts: bool) -> Rows:
    """Of the accounts' tables, or of all others, at one moment. Raises DatabaseError."""
    async with (
        session(access, _ROWS_SECONDS) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        tables = [row["table_name"] for row in await connection.fetch(_TABLES)]
        found = {}
        for table in tables:
            if (table in ACCOUNTS) is is_accounts:
                # The name is the catalogue's own.
                hashes = await connection.fetch(f'SELECT md5(t::text) AS hash FROM "{table}" t')  # noqa: S608 - see above
                found[table] = Counter(row["hash"] for row in hashes)
        return found


def count(found: Rows) -> int:
    """How many rows there are."""
    return sum(table.total() for table in found.values())


def equal(first: Rows, second: Rows) -> int:
    """How many rows of the first are in the second too, each at its table. Pure."""
    return sum((table & second.get(name, Counter())).total() for name, table in first.items())
