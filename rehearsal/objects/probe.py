"""An object that shows that a zonegroup's zones have the same: written at one, read at another."""

from __future__ import annotations

import asyncio
import secrets
from hashlib import sha256

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.objects.access import ObjectAccess
from rehearsal.objects.client import s3
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
    await _done(access, "create_bucket", Bucket=name, CreateBucketConfiguration=where)


async def write(access: ObjectAccess, zonegroup: str, said: bytes) -> None:
    """Writes the object there. Raises ObjectStoreError."""
    await _done(access, "put_object", Bucket=bucket(zonegroup), Key=_KEY, Body=said)


async def require_read(access: ObjectAccess, zonegroup: str, said: bytes) -> None:
    """Raises ObjectStoreError unless the object is there, and is the same."""
    found = await _done(access, "get_object", Bucket=bucket(zonegroup), Key=_KEY)
    if sha256(found).digest() != sha256(said).digest():
        raise ObjectStoreError(
            f"{access.endpoint} has another object than was written", "see its site's logs"
        )


async def _done(access: ObjectAccess, action: str, **arguments: object) -> bytes:
    """Does that with S3; gives the object's bytes where there is one."""
    try:
        return await asyncio.to_thread(_do, access, action, arguments)
    except (BotoCoreError, ClientError) as error:
        raise ObjectStoreError(f"{action} at {access.endpoint}: {error}", "see its logs") from error


def _do(access: ObjectAccess, action: str, arguments: dict[str, object]) -> bytes:
    answer = getattr(s3(access), action)(**arguments)
    return bytes(answer["Body"].read()) if "Body" in answer else b""
