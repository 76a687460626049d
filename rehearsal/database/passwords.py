"""Passwords of the database's roles: files of mode 0600, and what the server keeps of them."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64encode
from hashlib import pbkdf2_hmac, sha256
from pathlib import Path

from processes.files import write_private

_BYTES = 24
_SALT_BYTES = 16
_ITERATIONS = 4096
"""PostgreSQL's own number; passwords here are 192 random bits, which no stretching helps."""


def password_file(folder: Path, role: str) -> Path:
    """The file of that role's password, made where there is none."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / role
    if not file.exists():
        write_private(file, secrets.token_urlsafe(_BYTES).encode())
    return file


def verifier(password: str, salt: bytes | None = None) -> str:
    """What the server keeps (RFC 5802, RFC 7677), so that no statement holds the password.

    The password is of ASCII, which SASLprep leaves as it is.
    """
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    salted = pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ITERATIONS)
    stored = sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    shown = [b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{shown[0]}${shown[1]}:{shown[2]}"
