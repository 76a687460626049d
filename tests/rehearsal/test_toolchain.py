"""Tools are found, cached and built; whatever breaks on the way is told and leaves nothing half."""

from __future__ import annotations

import asyncio
import dataclasses
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from rehearsal.toolchain.errors import ToolchainError
from rehearsal.toolchain.values import ToolState
from tests.rehearsal.workshop import CRASHES, Workshop, pin, says

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop.made(tmp_path, monkeypatch)


def wait_for(file: Path) -> None:
    for _ in range(200):
        if file.exists():
            return
        time.sleep(0.05)
    pytest.fail(f"{file} never appeared")


def run_by(folder: Path) -> list[psutil.Process]:
    """Live processes that were started to build something below that folder."""
    alive = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(
            word.startswith(f"{folder}/cache/staging") for word in words
        ):
            alive.append(process)
    return alive


def test_missing_tools_are_built_and_then_cached(shop: Workshop) -> None:
    first = shop.ensure("one", "two")
    again = shop.ensure("one", "two")

    assert {binary.origin for binary in first.values()} == {"built"}
    assert {binary.origin for binary in again.values()} == {"cache"}
    assert shop.builds == ["one", "two"]
    assert again["one"].sha256 == first["one"].sha256
    assert again["one"].version == "1.2.3"
    assert again["one"].record().origin == "cache"


def test_modules_of_the_next_tool_are_downloaded_meanwhile(shop: Workshop) -> None:
    shop.ensure("one", "two")

    assert (shop.go / "lists").read_text().split() == ["two-modules"]


def test_a_good_version_on_path_is_used(shop: Workshop) -> None:
    path = shop.put_program("one", says("one 1.2.9"))

    binary = shop.ensure("one")["one"]

    assert (binary.origin, binary.path, binary.version) == ("path", path, "1.2.9")
    assert shop.builds == []


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (says("one 1.1.9"), "it is 1.1.9, wanted is 1.2.0 or later, before 1.3.0"),
        (says("one 1.3.0"), "it is 1.3.0"),
        (says("no version"), "no version"),
        (CRASHES, "exit status"),
    ],
)
def test_a_bad_one_on_path_is_named_and_passed_over(shop: Workshop, program: str, why: str) -> None:
    shop.put_program("one", program)

    assert shop.ensure("one")["one"].origin == "built"
    assert len(shop.notices) == 1
    assert "is not used" in shop.notices[0]
    assert why in shop.notices[0]


def test_a_spoilt_cache_entry_is_told_and_built_again(shop: Workshop) -> None:
    path = shop.ensure("one")["one"].path
    path.write_bytes(b"#" * path.stat().st_size)

    assert shop.ensure("one")["one"].origin == "built"
    assert "is not what was put there" in shop.notices[0]
    assert path.read_text() == says("tool v1.2.3")


def test_an_entry_that_was_only_touched_is_still_good(shop: Workshop) -> None:
    path = shop.ensure("one")["one"].path
    os.utime(path, (1, 1))

    assert shop.ensure("one")["one"].origin == "cache"
    assert shop.notices == []


@pytest.mark.parametrize("spoil", ["binary", "manifest"])
def test_an_entry_that_lost_a_part_is_built_again(shop: Workshop, spoil: str) -> None:
    path = shop.ensure("one")["one"].path
    victim = path if spoil == "binary" else path.parent / "manifest.json"
    victim.unlink()

    assert shop.ensure("one")["one"].origin == "built"
    assert len(shop.notices) == 1


@pytest.mark.parametrize("signal", ["TERM", "KILL", "INT"])
def test_a_cached_binary_that_is_ended_from_outside_is_kept(shop: Workshop, signal: str) -> None:
    flag = shop.folder / "flag"
    (shop.go / "program").write_text(
        f"#!/bin/sh\n[ -e {flag} ] && kill -{signal} $$\necho v1.2.3\n"
    )
    shop.ensure("one")
    flag.touch()
    with pytest.raises(ToolchainError, match="ended before it said its version"):
        shop.ensure("one")
    flag.unlink()
    assert shop.ensure("one")["one"].origin == "cache"


def test_a_cached_binary_that_crashes_is_told_and_built_again(shop: Workshop) -> None:
    flag = shop.folder / "flag"
    (shop.go / "program").write_text(f"#!/bin/sh\n[ -e {flag} ] && kill -SEGV $$\necho v1.2.3\n")
    shop.ensure("one")
    flag.touch()
    (shop.go / "program").write_text(says("v1.2.3"))

    assert shop.ensure("one")["one"].origin == "built"
    assert "the cached one is made again: exit status -11" in shop.notices[0]


def test_a_built_binary_that_crashes_is_an_error(shop: Workshop) -> None:
    (shop.go / "program").write_text(CRASHES)

    with pytest.raises(ToolchainError, match="was built, but is no good: exit status -11"):
        shop.ensure("one")
    assert shop.entries == []


def test_changed_sources_and_another_go_are_other_entries(shop: Workshop) -> None:
    first = shop.ensure("one")["one"].path
    (shop.sources / "one" / "go.sum").write_text("changed")
    second = shop.ensure("one")["one"].path
    (shop.go / "go-version").write_text("1.25.0")
    third = shop.ensure("one")["one"].path

    assert len({first, second, third}) == 3
    assert shop.builds == ["one"] * 3


def test_without_go_a_build_of_any_go_serves(shop: Workshop) -> None:
    shop.ensure("one")
    shop.without_go()

    assert shop.ensure("one")["one"].origin == "cache"


def test_without_go_and_cache_the_error_says_what_to_install(shop: Workshop) -> None:
    shop.without_go()

    with pytest.raises(ToolchainError, match="Go was not found") as caught:
        shop.ensure("one")
    assert "install Go 1.24.7 or later" in caught.value.hint


def test_a_go_too_old_is_refused_before_any_build(shop: Workshop) -> None:
    (shop.go / "go-version").write_text("1.19.8")

    with pytest.raises(ToolchainError, match=r"Go 1\.19\.8 is too old"):
        shop.ensure("one")
    assert shop.builds == []


def test_a_failed_build_gives_its_last_lines_and_no_secret(shop: Workshop) -> None:
    lines = [f"line {number}" for number in range(9)]
    lines.append("main.go:3: no good: https://anna:hunter2@proxy.example/x")
    (shop.go / "complaint").write_text("\n".join(lines))

    with pytest.raises(ToolchainError) as caught:
        shop.ensure("one")
    assert "line 8\nmain.go:3: no good: https://***@proxy.example/x" in caught.value.cause
    assert "hunter2" not in caught.value.cause
    assert "line 4" not in caught.value.cause
    assert "one.log" in caught.value.hint
    assert shop.entries == []


def test_a_built_binary_of_another_version_is_refused(shop: Workshop) -> None:
    (shop.go / "program").write_text(says("v1.2.4"))

    with pytest.raises(ToolchainError, match=r"says it is 1\.2\.4, not 1\.2\.3"):
        shop.ensure("one")
    assert shop.entries == []


def test_what_was_built_before_a_failure_is_kept(shop: Workshop) -> None:
    shop.ensure("one")
    (shop.go / "complaint").write_text("broken")

    with pytest.raises(ToolchainError, match="two could not be built"):
        shop.ensure("one", "two")
    (shop.go / "complaint").unlink()
    binaries = shop.ensure("one", "two")
    assert (binaries["one"].origin, binaries["two"].origin) == ("cache", "built")


def test_cancelling_ends_the_build_and_leaves_no_entry(shop: Workshop) -> None:
    (shop.go / "slow").touch()

    async def scene() -> None:
        task = asyncio.ensure_future(shop.ensure_async("one"))
        await asyncio.to_thread(wait_for, shop.go / "builds")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scene())
    assert run_by(shop.folder) == []
    assert shop.entries == []
    (shop.go / "slow").unlink()
    assert shop.ensure("one")["one"].origin == "built"


def test_a_killed_build_is_ended_and_done_again(shop: Workshop) -> None:
    (shop.go / "slow").touch()
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.rehearsal.workshop", str(shop.folder)], cwd=ROOT
    )
    wait_for(shop.go / "builds")
    child.send_signal(signal.SIGKILL)
    child.wait()
    (shop.go / "slow").unlink()

    assert shop.ensure("one")["one"].origin == "built"
    assert run_by(shop.folder) == []
    assert len(shop.entries) == 1
    assert not (shop.cache / "staging").exists()


def test_a_second_suyun_waits_for_the_first_and_builds_nothing_twice(shop: Workshop) -> None:
    shop.ensure("one")
    (shop.cache / "entries").rename(shop.folder / "aside")

    async def scene() -> str:
        with (shop.cache / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            task = asyncio.ensure_future(shop.ensure_async("one"))
            while not any("another suyun" in told.text for told in shop.told):
                await asyncio.sleep(0.05)
            (shop.folder / "aside").rename(shop.cache / "entries")
        return (await task)["one"].origin

    assert asyncio.run(asyncio.wait_for(scene(), 20)) == "cache"
    assert shop.builds == ["one"]


def test_progress_grows_to_its_total_and_ends_with_nothing_left(shop: Workshop) -> None:
    shop.ensure("one", "two")

    done = [told.done for told in shop.told]
    assert done == sorted(done)
    assert (shop.told[-1].done, shop.told[-1].total) == (40.0, 40.0)
    assert shop.told[-1].seconds_left == 0
    assert any(told.seconds_left for told in shop.told)


def test_files_that_a_module_does_not_embed_are_handed_to_the_build(shop: Workshop) -> None:
    shop.pins["one"] = pin("one", module_files=("sheets/inner/a.yaml",))

    shop.ensure("one")

    assert "a.yaml" in (shop.go / "seen").read_text().split()
    assert sorted(path.name for path in (shop.sources / "one").iterdir()) == ["go.mod", "go.sum"]


def test_survey_tells_where_each_tool_stands_and_builds_nothing(shop: Workshop) -> None:
    shop.ensure("one")
    before = shop.survey()
    shop.put_program("two", says("two 0.9.0"))
    shop.without_go()
    after = shop.survey()

    assert [row.state for row in before] == [ToolState.CACHED, ToolState.TO_BUILD]
    assert before[1].detail == "about 30 s on 2 cores"
    assert [row.state for row in after] == [ToolState.CACHED, ToolState.MISSING]
    assert "it is 0.9.0" in after[1].detail
    assert "install Go" in after[1].detail
    assert shop.builds == ["one"]


def test_an_asset_is_copied_once_and_mended_when_it_was_changed(shop: Workshop) -> None:
    (shop.go / "module" / "sheets" / "inner").chmod(0o555)
    file = shop.asset() / "inner" / "a.yaml"
    assert file.read_text() == "kind: A\n"

    file.write_text("kind: B\n")
    assert (shop.asset() / "inner" / "a.yaml").read_text() == "kind: A\n"
    (shop.go / "module" / "sheets" / "inner").chmod(0o755)
    shop.without_go()
    assert (shop.asset() / "inner" / "a.yaml").read_text() == "kind: A\n"


def test_an_asset_may_be_some_files_of_its_folder_and_they_have_to_be_there(
    shop: Workshop,
) -> None:
    folder = shop.go / "module" / "sheets"
    (folder / "b.yaml").write_text("kind: B\n")
    shop.sheets = dataclasses.replace(shop.sheets, files=("b.yaml",))
    assert [path.name for path in shop.asset().iterdir()] == ["b.yaml"]
    shop.sheets = dataclasses.replace(shop.sheets, files=("c.yaml",))
    with pytest.raises(ToolchainError, match=r"has no sheets/c\.yaml"):
        shop.asset()
