"""The pure parts of restores and faults, and what the command line says without a world."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from evidence.verdict import ExitCode
from rehearsal.data.beneath import pieces_of
from rehearsal.data.errors import DataError
from rehearsal.data.mistakes import Purge, removed
from rehearsal.data.needed import programs
from rehearsal.data.people import asking_stores
from rehearsal.data.restoring import Version, newest_before
from rehearsal.data.ring import plan_ring
from rehearsal.data.rows import count, equal
from rehearsal.toolchain.pins import PINS
from release.cli import main
from tests import worlds


def version(key: str, at: float) -> Version:
    return Version(key=key, version=f"{key}-{at}", at=at)


def test_each_object_comes_back_as_it_was_at_the_moment() -> None:
    versions = [version("a", 1), version("a", 5), version("b", 2), version("c", 9)]
    found = newest_before(reversed(versions), 5.0)
    assert {key: one.at for key, one in found.items()} == {"a": 5, "b": 2}
    assert newest_before(versions, 4.9)["a"].at == 1
    gone = Version(key="a", version="a-gone", at=4.0, is_deletion=True)
    assert "a" not in newest_before([*versions, gone], 4.5)
    assert newest_before([*versions, gone], 5.0)["a"].at == 5


def test_a_row_that_differs_is_missing_or_is_there_less_often_is_not_equal() -> None:
    there = {"people": Counter(a=1, b=2), "grades": Counter(c=1)}
    assert (count(there), equal(there, there)) == (4, 4)
    assert equal(there, {"people": Counter(a=1, b=1, x=5)}) == 2
    assert equal(there, {"grades": Counter(a=1, b=2, c=1)}) == 1


def test_the_bytes_of_an_object_are_under_its_version_where_there_is_one() -> None:
    names = [
        "zone.4.1_plain/7",
        "zone.4.2_hidden/7",
        "zone.4.2__:v_1_hidden/7",
        "zone.4.2__:w_2_other/7",
    ]
    assert pieces_of(names, ["plain/7"]) == ["zone.4.1_plain/7"]
    assert pieces_of(names, ["other/7"]) == ["zone.4.2__:w_2_other/7"]
    assert pieces_of(names, ["none/7"]) == []


def test_an_objects_pointer_is_not_its_bytes() -> None:
    names = ["zone.4.2_main/7", "zone.4.2__:abc_main/7"]
    assert pieces_of(names, ["main/7"]) == ["zone.4.2__:abc_main/7"]


def test_an_archive_lies_at_its_sites_partner_if_that_is_in_the_world() -> None:
    archives = plan_ring(worlds.province()).archives
    assert {site: (one.bucket, one.kept_at) for site, one in archives.items()} == {
        "main": ("wal-main", "xuzhou"),
        "xuzhou": ("wal-xuzhou", "suzhou"),
    }


def test_a_purge_says_how_much_went_of_how_much() -> None:
    in_vain = Purge(versions=1000, removed=0, loosened=())
    taken = Purge(versions=500, removed=2, loosened=())
    assert removed((in_vain, taken)) == "2 of 1,500"
    assert [in_vain.is_in_vain, taken.is_in_vain] == [True, False]
    assert not Purge(versions=0, removed=0, loosened=("policy",)).is_in_vain


def test_what_a_store_refuses_is_told_as_what_failed_and_why() -> None:
    def refused() -> None:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "PutObject")

    with pytest.raises(DataError) as told:
        asyncio.run(asking_stores("main was not reached", refused))
    assert told.value.cause == "main was not reached: the key may not do that"
    assert asyncio.run(asking_stores("main was not reached", lambda: 3)) == 3


def test_the_ring_is_main_and_those_that_follow_it_and_all_who_hold_the_database() -> None:
    ring = plan_ring(worlds.province())
    assert ring.sites == ("main", "xuzhou", "suzhou")
    assert set(ring.databases) == {"main", "xuzhou", "suzhou"}
    assert [zone.site for zone in ring.zones("main")] == ["main", "xuzhou"]
    assert [zone.site for zone in ring.zones("suzhou")] == ["suzhou"]
    assert (ring.partner("main"), ring.partner("suzhou")) == ("xuzhou", "suzhou")
    assert ring.buckets["main"] == ("resources-main", "submissions-main")
    with pytest.raises(DataError, match="no site 'wuxi'"):
        ring.require("wuxi")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["data", "status"], ExitCode.UNKNOWN, "no data world stands"),
        (["data", "kill", "main"], ExitCode.TOOL_FAILED, "no data world stands"),
        (["data", "check", "--drill", "x"], ExitCode.TOOL_FAILED, "./suyun data start starts one"),
        (["data", "stop"], ExitCode.PASS, "no data world was standing"),
        (["data", "write", "--seconds", "0"], ExitCode.BAD_INPUT, "--seconds"),
        (["data", "cut", "main"], ExitCode.BAD_INPUT, "Missing argument"),
    ],
)
def test_without_a_world_each_command_says_so(
    words: list[str],
    code: ExitCode,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SUYUN_STATE", str(tmp_path))
    assert main(words) == code
    shown = capsys.readouterr()
    assert said.lower() in (shown.out + shown.err).lower()


def test_a_world_takes_only_programs_that_can_be_found_or_installed() -> None:
    bare = set(programs(users=0, has_links=False))
    assert set(programs(users=1, has_links=True)) - bare == {"nginx", "ip"}
    assert {"ceph-osd", "radosgw", "postgres"} < bare
    assert {"nginx", "ip", *bare} <= set(PINS)
