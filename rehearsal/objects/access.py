"""How a client comes to a zone, and the keys that are known there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from processes.files import write_private

_SECRET_BYTES = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """A user of the realm: who it is, and the file (mode 0600) with its secret key."""

    access_key: str
    secret_key_file: Path

    @classmethod
    def made(cls, folder: Path, user: str) -> Keys:
        """Keys that nobody has had before, the access key being the user's own name."""
        file = folder / f"{user}.secret"
        write_private(file, secrets.token_urlsafe(_SECRET_BYTES).encode())
        return cls(access_key=user, secret_key_file=file)

    @property
    def secret_key(self) -> str:
        """Read anew each time, so that a file that is changed or gone shows."""
        return self.secret_key_file.read_text("utf-8").strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectAccess:
    """What a client of a zone is given. A bucket is made with `zonegroup` as its place."""

    endpoint: str
    ca_file: Path
    access_key: str
    secret_key_file: Path
    zonegroup: str

    @property
    def keys(self) -> Keys:
        """Whom the client is."""
        return Keys(access_key=self.access_key, secret_key_file=self.secret_key_file)
