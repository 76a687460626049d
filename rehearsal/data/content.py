"""The bytes that are written: any number, the same again for the same name, no two alike."""

from __future__ import annotations

import hashlib

OBJECT_BYTES = 65536
"""What a page of a scanned submission takes; the lag that was promised is for this size."""
ROW_BYTES = 256


def content(name: str, length: int) -> bytes:
    """`length` bytes that look random and depend on `name` alone (SHAKE128)."""
    return hashlib.shake_128(name.encode()).digest(length)


def sha256(body: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(body).hexdigest()
