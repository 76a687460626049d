"""What keeps earlier versions of objects from whoever has stolen a program's keys.

A bucket with versions hides what is overwritten or deleted. Its policy denies the user whose bucket
it is (the platform's, or the archives') what would bring the versions themselves into danger: only
lifecycle and operators' keys may remove them. S3's object lock would do the same for so many days
from the upload on, and no longer: a resource that is older than that would be the thief's.
"""

from __future__ import annotations

import json

FORBIDDEN = (
    "s3:DeleteObjectVersion",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:DeleteBucket",
)
"""Removing a version, and each way of getting the leave to."""


def versions_policy(bucket: str, user: str) -> str:
    """The bucket's policy, as S3 takes it. `user` has the keys that people's programs have."""
    resource = f"arn:aws:s3:::{bucket}"
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "versions-stay",
                    "Effect": "Deny",
                    "Principal": {"AWS": [f"arn:aws:iam:::user/{user}"]},
                    "Action": list(FORBIDDEN),
                    "Resource": [resource, f"{resource}/*"],
                }
            ],
        }
    )
