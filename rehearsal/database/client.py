"""Speaks with a server as one of its roles: TLS 1.3, its certificate checked, SCRAM."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from rehearsal.database.errors import DatabaseError

DATABASE = "base"
SUPERUSER = "postgres"
CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
BROKEN = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says when a server is killed between two messages
)
"""All that asyncpg raises where a server refuses, leaves, or is killed."""
_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseAccess:
    """How one role reaches one server. The password file is of mode 0600."""

    host: str
    port: int
    user: str
    password_file: Path
    ca_file: Path
    database: str = DATABASE

    @property
    def password(self) -> str:
        """The role's password. Raises DatabaseError when the file cannot be read."""
        try:
            return self.password_file.read_text("utf-8").strip()
        except OSError as error:
            raise DatabaseError(
                f"the password of {self.user} cannot be read: {error.strerror}",
                f"look at {self.password_file}",
            ) from error

    def context(self) -> ssl.SSLContext:
        """Trusts the authority alone, and speaks TLS 1.3 alone. Raises DatabaseError."""
        try:
            context = ssl.create_default_context(cafile=str(self.ca_file))
        except (OSError, ssl.SSLError) as error:
            raise DatabaseError(
                f"{self.ca_file} is no authority's certificate: {error}", "start the database again"
            ) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return context


class UnreachableError(DatabaseError):
    """Nobody answers there, in time or at all."""


@asynccontextmanager
async def session(access: DatabaseAccess, seconds: float = ANSWER_SECONDS) -> AsyncIterator[Any]:
    """An asyncpg connection; each statement may take `seconds`.

    Raises UnreachableError when there is none, or when it is lost under way: then nobody knows
    whether the last statement was done. Raises DatabaseError when one is refused.
    """
    connection = await _connect(access, seconds)
    try:
        yield connection
    except _LOST as error:
        raise UnreachableError(
            f"{access.host}:{access.port} stopped answering", "see the server's log"
        ) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseError(f"{access.host}: {error}", "see the server's log") from error
    finally:
        await _leave(connection)


async def connect(
    access: DatabaseAccess,
    context: ssl.SSLContext,
    *,
    connect_seconds: float,
    answer_seconds: float | None = None,
) -> Any:  # noqa: ANN401 - asyncpg has no types
    """A connection as that role, for who is patient for so long. Raises as asyncpg does.

    Without `answer_seconds` a statement may take for ever. Raises DatabaseError when the password
    cannot be read.
    """
    return await asyncpg.connect(
        host=access.host,
        port=access.port,
        user=access.user,
        password=access.password,
        database=access.database,
        ssl=context,
        timeout=connect_seconds,
        command_timeout=answer_seconds,
    )


async def _connect(access: DatabaseAccess, seconds: float) -> Any:  # noqa: ANN401 - asyncpg has no types
    where = f"{access.host}:{access.port}"
    try:
        return await connect(
            access, access.context(), connect_seconds=CONNECT_SECONDS, answer_seconds=seconds
        )
    except ssl.SSLError as error:
        raise DatabaseError(
            f"the server at {where} is not to be trusted: {error}",
            "its certificate is another authority's, has ended or not begun: look at the clocks",
        ) from error
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidPasswordError) as error:
        raise DatabaseError(
            f"{where} refuses {access.user}: {error}", f"look at {access.password_file}"
        ) from error
    except asyncpg.PostgresError as error:
        raise UnreachableError(
            f"{where} does not let anybody in: {error}", "wait for it"
        ) from error
    except (OSError, TimeoutError, asyncpg.InterfaceError) as error:
        raise UnreachableError(f"nobody answers at {where}", "see the server's log") from error


async def _leave(connection: Any) -> None:  # noqa: ANN401 - asyncpg has no types
    try:
        await connection.close(timeout=1)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
    except asyncio.CancelledError:
        connection.terminate()
        raise
