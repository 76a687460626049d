"""The policy that keeps versions from whoever has the platform's keys."""

from __future__ import annotations

import json

from infra.plan.versions import FORBIDDEN, versions_policy


def test_one_user_may_neither_remove_versions_nor_get_the_leave_to() -> None:
    (said,) = json.loads(versions_policy("resources-main", "jiangsu-client"))["Statement"]
    assert said["Effect"] == "Deny"
    assert said["Principal"] == {"AWS": ["arn:aws:iam:::user/jiangsu-client"]}
    assert said["Resource"] == ["arn:aws:s3:::resources-main", "arn:aws:s3:::resources-main/*"]
    assert {"s3:DeleteObjectVersion", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"} <= set(
        said["Action"]
    )


def test_whoever_overwrites_or_deletes_what_is_current_is_not_stopped() -> None:
    assert not {"s3:PutObject", "s3:DeleteObject", "s3:*"} & set(FORBIDDEN)
