"""Whoever is refused by a store is told why, and what mends it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from rehearsal import pki
from rehearsal.data.errors import DataError
from rehearsal.data.mistakes import delete_all
from rehearsal.objects.access import ObjectAccess
from rehearsal.objects.door import Door
from rehearsal.objects.errors import ObjectStoreError
from rehearsal.pki import Authority
from tests.rehearsal.clocks import Tomorrow
from tests.rehearsal.fake_s3 import FakeS3

ADDRESS = "127.84.1.1"


def access(store: FakeS3) -> ObjectAccess:
    return ObjectAccess(
        endpoint=store.endpoint,
        ca_file=store.ca_file,
        access_key=store.access_key,
        secret_key_file=store.secret_key_file,
        zonegroup=store.zonegroup,
    )


@pytest.mark.parametrize(
    ("fault", "cause", "hint"),
    [
        ("RequestTimeTooSkewed", "the clocks differ by more than 15 minutes", "NTP"),
        ("SignatureDoesNotMatch", "the secret key is wrong", "the file with the secret key"),
        ("InvalidAccessKeyId", "the access key is not known there", "the file with the secret key"),
        ("SlowDown", "SlowDown", "./suyun data status"),
    ],
)
def test_a_refusal_is_told_with_what_mends_it(
    fault: str, cause: str, hint: str, tmp_path: Path
) -> None:
    authority = Authority.create(tmp_path, "test")
    with (
        FakeS3(folder=tmp_path, authority=authority, address=ADDRESS, fault=fault) as store,
        pytest.raises(DataError) as caught,
    ):
        asyncio.run(delete_all(access(store), "essays"))
    assert cause in caught.value.cause
    assert hint in caught.value.hint


def test_a_certificate_that_has_not_begun_is_told_of_with_the_clocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority.create(tmp_path, "test")
    monkeypatch.setattr(pki, "datetime", Tomorrow)
    with FakeS3(folder=tmp_path, authority=authority, address=ADDRESS) as store:
        with pytest.raises(ObjectStoreError, match="not yet valid") as caught:
            asyncio.run(Door("main", access(store)).require_known())
        assert "look at the clocks" in caught.value.hint
        with pytest.raises(DataError, match="not yet valid") as refused:
            asyncio.run(delete_all(access(store), "essays"))
    assert "look at the clocks" in refused.value.hint
