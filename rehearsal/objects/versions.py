"""A bucket whose versions stay: its policy is set at the master, and heard of at the copies."""

from __future__ import annotations

import json

from infra.plan.versions import versions_policy
from rehearsal.objects.access import ObjectAccess
from rehearsal.objects.client import done
from rehearsal.objects.errors import ObjectStoreError


async def keep(access: ObjectAccess, bucket: str) -> None:
    """From now on `access` hides versions of that bucket and removes none. ObjectStoreError."""
    enabled = {"Status": "Enabled"}
    await done(access, "put_bucket_versioning", Bucket=bucket, VersioningConfiguration=enabled)
    policy = versions_policy(bucket, access.access_key)
    await done(access, "put_bucket_policy", Bucket=bucket, Policy=policy)


async def require_kept(access: ObjectAccess, bucket: str) -> None:
    """Raises ObjectStoreError while the zone has not heard of it."""
    found = await done(access, "get_bucket_policy", Bucket=bucket)
    if json.loads(found["Policy"]) != json.loads(versions_policy(bucket, access.access_key)):
        raise ObjectStoreError(
            f"{bucket} has another policy at {access.endpoint}", "see the gateway's log"
        )
