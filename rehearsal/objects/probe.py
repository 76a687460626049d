"""An object that shows that a zonegroup's zones have the same: written at one, read at another."""

from __future__ import annotations

import secrets
from hashlib import sha256

from rehearsal.objects.access import ObjectAccess
from rehearsal.objects.client import done
from rehearsal.objects.errors import ObjectStoreError

_KEY = "ready"
_BYTES = 65_536


def bucket(zonegroup: str) -> str:
    """The bucket for such objects of a zonegroup."""
    return f"ready-{zonegroup}"


def content() -> bytes:
    """What was never stored before."""
    return secrets.token_bytes(_BYTES)


async def make_bucket(access: ObjectAccess, name: str) -> None:
    """A bucket of the zone's zonegroup; one that is ours already does. Raises ObjectStoreError."""
    where = {"LocationConstraint": access.zonegroup}
    await done(access, "create_bucket", Bucket=name, CreateBucketConfiguration=where)


async def write(access: ObjectAccess, zonegroup: str, said: bytes) -> None:
    """Writes the object there. Raises ObjectStoreError."""
    await done(access, "put_object", Bucket=bucket(zonegroup), Key=_KEY, Body=said)


async def require_read(access: ObjectAccess, zonegroup: str, said: bytes) -> None:
    """Raises ObjectStoreError unless the object is there, and is the same."""
    found = await done(access, "get_object", Bucket=bucket(zonegroup), Key=_KEY)
    if sha256(found["Body"]).digest() != sha256(said).digest():
        raise ObjectStoreError(
            f"{access.endpoint} has another object than was written", "see its site's logs"
        )
