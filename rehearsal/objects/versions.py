"""A bucket whose versions stay: its policy is set at the master, and heard of at the copies."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.plan.versions import versions_policy
from rehearsal.objects.access import ObjectAccess
from rehearsal.objects.client import s3
from rehearsal.objects.errors import ObjectStoreError


async def keep(access: ObjectAccess, bucket: str) -> None:
    """From now on `access` hides versions of that bucket and removes none. ObjectStoreError."""
    enabled = {"Status": "Enabled"}
    await _done(access, "put_bucket_versioning", Bucket=bucket, VersioningConfiguration=enabled)
    policy = versions_policy(bucket, access.access_key)
    await _done(access, "put_bucket_policy", Bucket=bucket, Policy=policy)


async def require_kept(access: ObjectAccess, bucket: str) -> None:
    """Raises ObjectStoreError while the zone has not heard of it."""
    found = await _done(access, "get_bucket_policy", Bucket=bucket)
    if json.loads(found["Policy"]) != json.loads(versions_policy(bucket, access.access_key)):
        raise ObjectStoreError(
            f"{bucket} has another policy at {access.endpoint}", "see the gateway's log"
        )


async def _done(access: ObjectAccess, action: str, **arguments: object) -> Any:  # noqa: ANN401 - boto3 has no types
    try:
        return await asyncio.to_thread(lambda: getattr(s3(access), action)(**arguments))
    except (BotoCoreError, ClientError) as error:
        raise ObjectStoreError(f"{action} at {access.endpoint}: {error}", "see its logs") from error
