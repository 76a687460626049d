"""The realm, the configuration and the keys are the plan's; a copy that lags is seen to lag."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.plan.object_store import ObjectStorePlan, ZonePlan, plan_object_store
from processes.supervisor import Supervisor
from province.storage import METADATA, RESOURCES
from rehearsal.objects.access import Keys
from rehearsal.objects.config import SiteSettings, render
from rehearsal.objects.errors import ObjectStoreError
from rehearsal.objects.founding import Realm
from rehearsal.objects.keyring import CephKey, new_key, write_keyring
from rehearsal.objects.layout import StoreLayout, lay_out
from rehearsal.objects.programs import NEEDED
from rehearsal.objects.realm import zone_id, zone_text, zonegroup_text
from rehearsal.objects.replication import log_ends, shards_behind
from rehearsal.objects.stores import ObjectStores
from rehearsal.pki import Authority
from rehearsal.place import Place
from tests import worlds

SITES = ("main", "xuzhou", "suzhou")
PLACES = tuple(Place(site=site, address=f"127.81.5.{i}") for i, site in enumerate(SITES, 1))
MARKERS = st.from_regex(r"[0-9]{11}\.[0-9]{1,3}\.[0-9]", fullmatch=True)


@pytest.fixture(scope="module")
def plan() -> ObjectStorePlan:
    return plan_object_store(worlds.province())


def layouts(plan: ObjectStorePlan, folder: Path = Path("/s")) -> dict[str, StoreLayout]:
    return dict(lay_out(folder, plan, PLACES))


def zones(plan: ObjectStorePlan) -> dict[str, ZonePlan]:
    return {zone.name: zone for layout in layouts(plan).values() for zone in layout.zones}


def system(folder: Path) -> Keys:
    return Keys.made(folder, "system")


def pools(value: object) -> list[str]:
    if isinstance(value, dict):
        return [found for inner in value.values() for found in pools(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in pools(inner)]
    return [value] if isinstance(value, str) and ":" in value else []


def test_a_place_has_its_own_zone_and_those_whose_own_site_has_a_place(
    plan: ObjectStorePlan,
) -> None:
    found = {site: [zone.name for zone in one.zones] for site, one in layouts(plan).items()}

    assert found == {
        "main": ["main"],
        "xuzhou": ["xuzhou", "main-at-xuzhou"],
        "suzhou": ["suzhou", "xuzhou-at-suzhou"],
    }


def test_no_two_programs_listen_at_the_same_address(plan: ObjectStorePlan) -> None:
    listeners = [one for layout in layouts(plan).values() for one in layout.listeners()]

    assert len(set(listeners)) == len(listeners) == 3 + 5


def test_a_zonegroup_has_the_plans_zones_at_the_places_endpoints(plan: ObjectStorePlan) -> None:
    realm = Realm(plan, layouts(plan), {}, Keys(access_key="s", secret_key_file=Path("/s")))

    for name, group in realm.zonegroups.items():
        text = zonegroup_text(group, group.master, "r", realm.endpoints, is_realms=name == "main")
        said = json.loads(text)
        assert said["master_zone"] == zone_id(group.master)
        assert said["endpoints"] == [realm.endpoints[group.master.name]]
        here = [zone for zone in group.zones if zone.name in zones(plan)]
        assert [one["name"] for one in said["zones"]] == [zone.name for zone in here]
        logs = {one["log_data"] for one in said["zones"]}
        assert logs == {"true" if len(here) > 1 else "false"}
    assert sorted(realm.zonegroups) == sorted(SITES)


def test_each_zone_has_namespaces_of_its_own_in_the_plans_pools(
    plan: ObjectStorePlan, tmp_path: Path
) -> None:
    keys = system(tmp_path)

    found = [
        pool
        for zone in zones(plan).values()
        for pool in pools(json.loads(zone_text(zone, "realm", keys)))
    ]

    assert {pool.partition(":")[0] for pool in found} == {METADATA.name, RESOURCES.name}
    assert len(set(found)) == len(found)


def test_the_configuration_asks_for_keys_and_stays_in_its_folder(
    plan: ObjectStorePlan, tmp_path: Path
) -> None:
    layout = layouts(plan, tmp_path)["xuzhou"]
    pair = Authority.create(tmp_path / "pki", "test").issue("one", server=True)
    settings = SiteSettings(
        layout=layout,
        plan=plan,
        cluster=UUID(int=7),
        disk_bytes=2**30,
        certificates={zone.name: pair for zone in layout.zones},
    )

    lines = render(settings).splitlines()

    assert [line for line in lines if line.startswith("auth_")] == [
        f"auth_{which}_required = cephx" for which in ("cluster", "service", "client")
    ]
    paths = [line.partition(" = ")[2] for line in lines if " = /" in line]
    assert paths
    assert all(Path(path).is_relative_to(tmp_path) for path in paths)
    assert "rgw_zone = main-at-xuzhou" in lines


def test_a_key_is_what_ceph_reads() -> None:
    kind, _, _, length = struct.unpack("<HIIH", base64.b64decode(new_key())[:12])

    assert (kind, length) == (1, 16)
    assert new_key() != new_key()


def test_a_keyring_is_private_and_says_what_each_may_do(tmp_path: Path) -> None:
    file = tmp_path / "keyring"
    key = CephKey(may={"mon": "allow profile osd", "osd": "allow *"})

    write_keyring(file, {"osd.0": key})

    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().splitlines() == [
        "[osd.0]",
        f"key = {key.key}",
        'caps mon = "allow profile osd"',
        'caps osd = "allow *"',
    ]
    assert key.key not in repr(key)


@given(st.dictionaries(st.integers(0, 10), MARKERS | st.just(""), min_size=1))
def test_a_copy_that_stands_at_the_logs_ends_lacks_nothing(ends: dict[int, str]) -> None:
    text = ",".join(f"{shard}#{end}" for shard, end in ends.items())
    read = log_ends(text)
    there = [at(read.get(shard, "")) for shard in range(11)]

    assert read == ends
    assert shards_behind(read, there) == ()
    written = {shard for shard, end in ends.items() if end}
    assert set(shards_behind(read, [])) == written
    assert set(shards_behind(read, [at("") for _ in range(11)])) == written


@given(MARKERS, MARKERS)
def test_a_shard_lags_exactly_when_its_log_goes_on(end: str, position: str) -> None:
    assert bool(shards_behind({0: end}, [at(position)])) == (position < end)


def test_a_shard_that_is_still_being_copied_whole_lags() -> None:
    end = "00000000001.2.3"

    assert shards_behind({0: end}, [{**at(end), "status": "full-sync"}]) == (0,)


def test_a_bucket_with_one_shard_has_no_number_before_its_end() -> None:
    assert log_ends("00000000001.2.3") == {0: "00000000001.2.3"}


def at(position: str) -> dict[str, Any]:
    return {"status": "incremental-sync", "inc_marker": {"position": position}}


async def stores(folder: Path, places: tuple[Place, ...], programs: dict[str, Path]) -> None:
    async with Supervisor(folder / "owner") as supervisor:
        plan = plan_object_store(worlds.province())
        authority = Authority.create(folder / "pki", "test")
        ObjectStores(folder / "s", supervisor, plan, places, authority, programs)


def refusal(folder: Path, places: tuple[Place, ...], programs: dict[str, Path]) -> ObjectStoreError:
    with pytest.raises(ObjectStoreError) as caught:
        asyncio.run(stores(folder, places, programs))
    return caught.value


def test_missing_programs_are_told_with_the_command_that_installs_them(tmp_path: Path) -> None:
    programs = {name: Path("/bin/true") for name in NEEDED if name not in {"ceph-osd", "radosgw"}}

    error = refusal(tmp_path, PLACES, programs)

    assert "ceph-osd, radosgw" in error.cause
    assert error.hint.endswith("install ceph-osd radosgw")


def test_without_a_place_for_the_main_center_there_is_no_realm(tmp_path: Path) -> None:
    programs = {name: Path("/bin/true") for name in NEEDED}

    error = refusal(tmp_path, PLACES[1:], programs)

    assert "no place for main" in error.cause
