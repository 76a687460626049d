"""Real Ceph at two sites, each the other's copy: what is acknowledged stays, and arrives.

One world for all tests, which go on from where the one before has left it.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from botocore import auth
from botocore.exceptions import ClientError

from infra.plan.object_store import plan_object_store
from processes.files import write_private
from processes.supervisor import Supervisor
from rehearsal.data.mistakes import purge
from rehearsal.objects.client import s3
from rehearsal.objects.door import Door
from rehearsal.objects.errors import ObjectStoreError
from rehearsal.objects.programs import NEEDED
from rehearsal.objects.stores import ObjectStores
from rehearsal.pki import Authority
from rehearsal.place import Place
from tests import worlds
from tests.binaries import require

pytestmark = pytest.mark.live
T = TypeVar("T")
BUCKET = "homework"
ARCHIVE = "wal-suzhou"
SKEW = timedelta(minutes=16)
PLACES = (Place(site="main", address="127.81.1.1"), Place(site="suzhou", address="127.81.2.1"))
COPY = "main-at-suzhou"


class ObjectWorld:
    """The stores, and the loop that they live in."""

    def __init__(self, folder: Path, programs: dict[str, Path]) -> None:
        self.folder = folder
        self._runner = asyncio.Runner()
        self._supervisor = Supervisor(folder / "owner")
        authority = Authority.create(folder / "pki", "test")
        self.run(self._supervisor.__aenter__())
        self.stores = ObjectStores(
            folder / "stores",
            self._supervisor,
            plan_object_store(worlds.pair()),
            PLACES,
            authority,
            programs,
            buckets={BUCKET: "main"},
        )

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def close(self) -> None:
        self.run(self.stores.stop())
        self.run(self._supervisor.__aexit__(None, None, None))
        self._runner.close()

    def put(self, zone: str, *keys: str) -> None:
        client = s3(self.stores.access(zone))
        for key in keys:
            client.put_object(Bucket=BUCKET, Key=key, Body=key.encode() * 1000)

    def get(self, zone: str, key: str) -> bytes:
        answer = s3(self.stores.access(zone)).get_object(Bucket=BUCKET, Key=key)
        return bytes(answer["Body"].read())

    def refusal(self, work: Coroutine[Any, Any, object]) -> str:
        with pytest.raises(ObjectStoreError) as caught:
            self.run(work)
        return caught.value.cause


@pytest.fixture(scope="module")
def world() -> Iterator[ObjectWorld]:
    programs = dict(require(*NEEDED))
    with TemporaryDirectory() as folder:
        made = ObjectWorld(Path(folder), programs)
        try:
            made.run(made.stores.start())
            yield made
        finally:
            made.close()


def test_what_is_written_at_the_master_is_read_at_its_copy(world: ObjectWorld) -> None:
    world.put("main", "one", "two")

    world.run(world.stores.caught_up(COPY, 20))

    assert world.get(COPY, "one") == b"one" * 1000
    assert world.get(COPY, "two") == b"two" * 1000


def test_a_thief_with_the_platforms_keys_hides_versions_and_removes_none(
    world: ObjectWorld,
) -> None:
    stores, client = world.stores, s3(world.stores.access("main"))
    where = {"LocationConstraint": "main"}
    for bucket in ("open", "kept"):
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    client.put_bucket_versioning(Bucket="open", VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket="open", Key="essay", Body=b"mine")
    world.run(stores.keep_versions("kept", "main"))
    version = client.put_object(Bucket="kept", Key="essay", Body=b"mine")["VersionId"]
    client.put_object(Bucket="kept", Key="essay", Body=b"noise")
    client.delete_object(Bucket="kept", Key="essay")

    taken = world.run(purge(stores.access("main"), "open"))
    assert (taken.removed, taken.is_in_vain) == (1, False)
    world.run(stores.caught_up(COPY, 20))
    for zone in ("main", COPY):
        access = stores.access(zone)
        tried = world.run(purge(access, "kept"))
        assert (tried.versions, tried.removed, tried.loosened) == (3, 0, ())
        kept = s3(access).get_object(Bucket="kept", Key="essay", VersionId=version)
        assert kept["Body"].read() == b"mine"


def test_the_platforms_keys_do_nothing_to_an_archive_and_its_own_remove_no_version(
    world: ObjectWorld,
) -> None:
    stores, user = world.stores, plan_object_store(worlds.pair()).archive_user
    world.run(stores.make_bucket(ARCHIVE, "main", user))
    world.run(stores.keep_versions(ARCHIVE, "main", user))
    own = s3(stores.access("main", user))
    version = own.put_object(Bucket=ARCHIVE, Key="wal", Body=b"commits")["VersionId"]
    own.put_object(Bucket=ARCHIVE, Key="wal", Body=b"noise")
    world.run(stores.caught_up(COPY, 20))

    for zone in ("main", COPY):
        platform, archive = stores.access(zone), stores.access(zone, user)
        for act in ("get_object", "put_object", "delete_object", "list_objects_v2"):
            key = {} if act == "list_objects_v2" else {"Key": "wal"}
            with pytest.raises(ClientError, match="AccessDenied"):
                getattr(s3(platform), act)(Bucket=ARCHIVE, **key)
        for thief in (platform, archive):
            tried = world.run(purge(thief, ARCHIVE, archive))
            assert (tried.removed, tried.loosened) == (0, ())
        kept = s3(archive).get_object(Bucket=ARCHIVE, Key="wal", VersionId=version)
        assert kept["Body"].read() == b"commits"


def test_a_wrong_key_another_zones_endpoint_and_another_time_are_refused(
    world: ObjectWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = world.stores.access("main")
    wrong = world.folder / "wrong"
    write_private(wrong, b"x" * 40)

    forged = dataclasses.replace(access, secret_key_file=wrong)
    assert "secret key is wrong" in world.refusal(Door("main", forged).require_known())
    stranger = dataclasses.replace(access, access_key="nobody")
    assert "key is not known" in world.refusal(Door("main", stranger).require_known())
    assert f"by the zone main, not by {COPY}" in world.refusal(Door(COPY, access).require_known())
    with monkeypatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda: datetime.now(UTC) - SKEW)
        skewed = world.refusal(Door("main", access).require_known())
    assert "the clocks differ by more than 15 minutes" in skewed


def test_a_killed_site_is_failed_over_and_comes_back_with_all_that_it_acknowledged(
    world: ObjectWorld,
) -> None:
    stores = world.stores
    world.put("main", "last")
    world.run(stores.kill("main"))

    assert "the zone main does not answer" in world.refusal(stores.promote("main", COPY))
    assert stores.masters["main"] == "main"
    world.run(stores.promote("main", COPY, may_lose=True))
    world.put(COPY, "meanwhile")
    world.run(stores.boot("main"))

    assert stores.masters["main"] == COPY
    assert world.get("main", "last") == b"last" * 1000
    world.run(stores.caught_up("main", 60))
    assert world.get("main", "meanwhile") == b"meanwhile" * 1000
    world.run(stores.promote("main", "main"))
    assert stores.masters["main"] == "main"
