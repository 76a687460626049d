"""A boto3 client of a zone, such as Ceph understands."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from rehearsal.objects.access import ObjectAccess

_CONNECT_SECONDS = 2.0
_READ_SECONDS = 10.0


def s3(access: ObjectAccess, *, attempts: int = 1) -> Any:  # noqa: ANN401 - boto3 has no types
    """A client that asks as often as that before it gives up. It may be used by many threads.

    Checksums only where the protocol wants them: Ceph before 18 takes no trailing ones.
    """
    return boto3.client(
        "s3",
        endpoint_url=access.endpoint,
        verify=str(access.ca_file),
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.keys.secret_key,
        region_name=access.zonegroup,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": attempts},
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
