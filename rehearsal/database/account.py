"""Who PostgreSQL runs as: it refuses to be root.

Where we are root, it runs as the user that Debian's package made for it, which may write its own
folders alone. State, programs and keys of a rehearsal may lie below a folder that only root enters
(root's home), so its servers keep one power of root's, to read (CAP_DAC_READ_SEARCH), and can
gain no other. Elsewhere it runs as whoever we are.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from rehearsal.database.errors import DatabaseError
from rehearsal.debian import command_for

PACKAGE = "postgresql-15"
USER = "postgres"
_READ_ALONE = "-all,+dac_read_search"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A user of the machine: what to start programs behind, and whom files belong to."""

    prefix: tuple[str, ...]
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Gives it a file or folder, which only it may then enter."""
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.chown(path, self.uid, self.gid)

    def folder(self, path: Path) -> Path:
        """A folder of its own, made where there is none."""
        path.mkdir(parents=True, exist_ok=True)
        self.own(path)
        return path


def account() -> Account:
    """Whom servers run as here. Raises DatabaseError where the package's user is missing."""
    if os.geteuid() != 0:
        return Account(prefix=(), uid=os.geteuid(), gid=os.getegid())
    try:
        user = pwd.getpwnam(USER)
    except KeyError as error:
        raise DatabaseError(
            f"PostgreSQL does not run as root, and there is no user {USER}", command_for(PACKAGE)
        ) from error
    return Account(prefix=_dropping(user), uid=user.pw_uid, gid=user.pw_gid)


def _dropping(user: pwd.struct_passwd) -> tuple[str, ...]:
    return (
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        f"--inh-caps={_READ_ALONE}",
        f"--ambient-caps={_READ_ALONE}",
        f"--bounding-set={_READ_ALONE}",
        "--no-new-privs",
        "--",
    )
