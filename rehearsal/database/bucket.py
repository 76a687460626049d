"""A cluster's archive in an object store: whole files, compressed, known by their hash.

What is archived is never replaced by something else of the same name, for two servers that
both believe that they lead would otherwise destroy each other's.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

_CONNECT_SECONDS = 2
_READ_SECONDS = 20
_CHUNK_BYTES = 2**20
_MISSING = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}
_REASONS: Mapping[str, str] = {
    "InvalidAccessKeyId": "the access key is not known there",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "AccessDenied": "the key may not do that",
    "403": "the key is wrong, or may not do that",
    "RequestTimeTooSkewed": "the clocks differ too much",
}


class ArchiveError(Exception):
    """The archive did not do what was asked; the text says why."""


class MissingError(ArchiveError):
    """The archive answers, and has no such file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One cluster's archive: a folder, called after it, of a bucket of a store.

    `zonegroup` is where the bucket has to be. The secret key is what `secret_key_file` holds.
    """

    endpoint: str
    ca_file: Path
    access_key: str
    secret_key_file: Path
    zonegroup: str
    bucket: str
    cluster: str

    @classmethod
    def parse(cls, said: Mapping[str, str]) -> Source:
        """Out of JSON. Raises KeyError."""
        return cls(
            endpoint=said["endpoint"],
            ca_file=Path(said["ca_file"]),
            access_key=said["access_key"],
            secret_key_file=Path(said["secret_key_file"]),
            zonegroup=said["zonegroup"],
            bucket=said["bucket"],
            cluster=said["cluster"],
        )


class Bucket:
    """Speaks S3 with the store. Every method raises ArchiveError with the store's reason."""

    def __init__(self, source: Source) -> None:
        self._source = source
        with _told(source):
            self._client = _client(source)

    def prepare(self) -> None:
        """Makes the bucket where there is none, and shows that a file comes back as it went."""
        source = self._source
        with _told(source):
            try:
                self._client.head_bucket(Bucket=source.bucket)
            except ClientError as error:
                if _code(error) not in _MISSING:
                    raise
                where = {"LocationConstraint": source.zonegroup}
                self._client.create_bucket(Bucket=source.bucket, CreateBucketConfiguration=where)
            self._require_zonegroup()
            self._require_kept()

    def put(self, name: str, file: Path) -> None:
        """Keeps a file. One that is there already, and the same, is left."""
        content = file.read_bytes()
        digest = sha256(content).hexdigest()
        with _told(self._source):
            known = self._digest(name)
            if known == digest:
                return
            if known is not None:
                raise ArchiveError(
                    f"{name} is there already, and another: does another server archive as "
                    f"{self._source.cluster}?"
                )
            self._client.put_object(
                Bucket=self._source.bucket,
                Key=self._key(name),
                Body=gzip.compress(content, compresslevel=1),
                Metadata={"sha256": digest},
            )

    def get(self, name: str, file: Path) -> None:
        """Fetches a file, checked by its hash. Raises MissingError when there is none."""
        with _told(self._source):
            answer = self._client.get_object(Bucket=self._source.bucket, Key=self._key(name))
            with gzip.open(answer["Body"]) as content, file.open("wb") as written:
                shutil.copyfileobj(content, written, _CHUNK_BYTES)
        with file.open("rb") as written:
            digest = sha256()
            while chunk := written.read(_CHUNK_BYTES):
                digest.update(chunk)
        if digest.hexdigest() != answer["Metadata"].get("sha256"):
            file.unlink()
            raise ArchiveError(f"{name} is not what was archived: its hash is another")

    def keys(self, start: str) -> Iterator[str]:
        """Names that begin so, in order."""
        with _told(self._source):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._source.bucket, Prefix=self._key(start)
            )
            for page in pages:
                for found in page.get("Contents", ()):
                    yield found["Key"].removeprefix(self._key(""))

    def _key(self, name: str) -> str:
        return f"{self._source.cluster}/{name}"

    def _digest(self, name: str) -> str | None:
        try:
            head = self._client.head_object(Bucket=self._source.bucket, Key=self._key(name))
        except ClientError as error:
            if _code(error) in _MISSING:
                return None
            raise
        return str(head["Metadata"].get("sha256"))

    def _require_zonegroup(self) -> None:
        source = self._source
        there = self._client.get_bucket_location(Bucket=source.bucket)["LocationConstraint"]
        if there != source.zonegroup:
            raise ArchiveError(
                f"{source.bucket} lies in zonegroup {there}, and {source.zonegroup} is planned"
            )

    def _require_kept(self) -> None:
        key, body = self._key(f"check/{uuid4()}"), uuid4().bytes
        self._client.put_object(Bucket=self._source.bucket, Key=key, Body=body)
        answer = self._client.get_object(Bucket=self._source.bucket, Key=key)
        if answer["Body"].read() != body:
            raise ArchiveError(f"{self._source.endpoint} does not give back what it was given")
        self._client.delete_object(Bucket=self._source.bucket, Key=key)


def _client(source: Source) -> Any:  # noqa: ANN401 - botocore has no types
    try:
        secret = source.secret_key_file.read_text("utf-8").strip()
    except OSError as error:
        raise ArchiveError(f"the secret key cannot be read: {error}") from error
    # Not by boto3 itself: PostgreSQL waits for this program at every file, and boto3 takes half as
    # long again to start.
    return Session().create_client(
        "s3",
        endpoint_url=source.endpoint,
        verify=str(source.ca_file),
        aws_access_key_id=source.access_key,
        aws_secret_access_key=secret,
        region_name=source.zonegroup,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            # Ceph 16 does not know the trailers in which newer clients send their checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


@contextmanager
def _told(source: Source) -> Iterator[None]:
    """The store's errors as ours, with its reason in words."""
    try:
        yield
    except ClientError as error:
        code = _code(error)
        if code in _MISSING:
            raise MissingError(str(error)) from error
        raise ArchiveError(f"{source.endpoint}: {_REASONS.get(code, str(error))}") from error
    except RecursionError as error:
        # Sent elsewhere, botocore asks where the bucket is, is sent elsewhere, and so on.
        raise ArchiveError(
            f"{source.endpoint} answers for another zone than one of {source.zonegroup}"
        ) from error
    except (BotoCoreError, OSError, EOFError) as error:
        raise ArchiveError(f"{source.endpoint}: {error}") from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
