"""Keys of cephx: each program of a site has one of its own, and the monitor knows them all."""

from __future__ import annotations

import base64
import secrets
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from processes.files import write_private

_AES = 1
_KEY_BYTES = 16


def new_key() -> str:
    """A key in base64 as Ceph encodes it: kind, time of making, length, bytes."""
    head = struct.pack("<HIIH", _AES, int(time.time()), 0, _KEY_BYTES)
    return base64.b64encode(head + secrets.token_bytes(_KEY_BYTES)).decode()


@dataclass(frozen=True, kw_only=True, slots=True)
class CephKey:
    """An entity's key, and what it may do by kind of daemon (`{"mon": "allow *"}`)."""

    may: Mapping[str, str]
    key: str = field(default_factory=new_key, repr=False)

    def section(self, entity: str) -> str:
        """Its part of a keyring file."""
        lines = (f"caps {kind} = {what!r}".replace("'", '"') for kind, what in self.may.items())
        return "\n".join([f"[{entity}]", f"key = {self.key}", *lines, ""])


def write_keyring(file: Path, keys: Mapping[str, CephKey]) -> None:
    """A keyring file (mode 0600) with those entities' keys."""
    write_private(file, "\n".join(key.section(name) for name, key in keys.items()).encode())
