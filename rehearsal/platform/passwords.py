"""Salted password hashes.

One HMAC-SHA256 under a salt of the account's own, and no stretching: a rehearsal's passwords are
not chosen by people but 80 bits derived from a secret of the run, so that guessing them is hopeless
whatever a guess costs, and a core has to log in hundreds of users a second. In production the
passwords are Keycloak's, which stretches them (Argon2).
"""

from __future__ import annotations

import hmac

SALT_BYTES = 16


def digest(salt: bytes, password: str) -> bytes:
    """The hash that is kept. 32 bytes."""
    return hmac.digest(salt, password.encode(), "sha256")


def matches(salt: bytes, expected: bytes, password: str) -> bool:
    """Whether that is the password; takes the same time either way."""
    return hmac.compare_digest(digest(salt, password), expected)
