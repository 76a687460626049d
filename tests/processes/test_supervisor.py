from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from processes.supervisor import Command, ProcessError, Running, Supervisor
from tests.processes.conftest import alive, until


def shell(folder: Path, text: str, grace_seconds: float = 10.0) -> Command:
    return Command(
        name="child",
        argv=("/bin/bash", "-c", text),
        log=folder / "logs" / "child.log",
        grace_seconds=grace_seconds,
    )


def test_run_gives_the_exit_status_and_every_line(tmp_path: Path) -> None:
    lines: list[str] = []

    async def scene() -> int:
        async with Supervisor(tmp_path) as supervisor:
            return await supervisor.run(
                shell(tmp_path, "echo one; echo 二; echo no >&2; printf three; exit 7"),
                lines.append,
            )

    assert asyncio.run(scene()) == 7
    assert lines == ["one", "二", "three"]
    assert (tmp_path / "logs" / "child.log").read_text() == "no\n"


def test_run_ends_though_a_grandchild_holds_the_pipe(tmp_path: Path) -> None:
    lines: list[str] = []

    async def scene() -> int:
        async with Supervisor(tmp_path) as supervisor:
            return await supervisor.run(shell(tmp_path, "sleep 60 & echo $!"), lines.append)

    assert asyncio.run(asyncio.wait_for(scene(), 20)) == 0
    assert not alive([int(lines[0])])


def test_error_in_on_line_ends_the_process(tmp_path: Path) -> None:
    pids: list[int] = []

    def take_and_fail(line: str) -> None:
        pids.append(int(line))
        raise ValueError(line)

    async def scene() -> None:
        async with Supervisor(tmp_path) as supervisor:
            await supervisor.run(shell(tmp_path, "echo $$; exec sleep 60"), take_and_fail)

    with pytest.raises(ValueError, match=r"\d+"):
        asyncio.run(scene())
    assert not alive(pids)


def test_cancelled_run_ends_the_process_first(tmp_path: Path) -> None:
    pids: list[int] = []

    async def scene() -> None:
        async with Supervisor(tmp_path) as supervisor:
            running = asyncio.ensure_future(
                supervisor.run(
                    shell(tmp_path, "echo $$; exec sleep 60"), lambda line: pids.append(int(line))
                )
            )
            while not pids:
                await asyncio.sleep(0.02)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert not alive(pids)

    asyncio.run(scene())


def test_stop_ends_a_deaf_child_and_its_other_group(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    text = f"set -m; trap '' TERM; sleep 60 & echo $$ $! > {pids}; while :; do sleep 1; done"

    async def scene() -> None:
        async with Supervisor(tmp_path) as supervisor:
            child = await supervisor.start(shell(tmp_path, text, grace_seconds=0.3))
            await asyncio.to_thread(until, lambda: pids.exists() and len(_numbers(pids)) == 2)
            await supervisor.stop(child)
            assert not alive(_numbers(pids))
            assert child.exit_code == -9
            await supervisor.stop(child)

    asyncio.run(scene())


def _numbers(file: Path) -> list[int]:
    return [int(word) for word in file.read_text().split()]


def test_child_that_ends_at_once_is_no_trouble(tmp_path: Path) -> None:
    async def scene() -> list[int]:
        async with Supervisor(tmp_path) as supervisor:
            children = [await supervisor.start(shell(tmp_path, "exit 3")) for _ in range(20)]
            return [await child.wait() for child in children]

    assert asyncio.run(scene()) == [3] * 20
    assert not list((tmp_path / "sessions").iterdir())


def test_program_that_is_missing_is_named(tmp_path: Path) -> None:
    async def scene() -> Running:
        async with Supervisor(tmp_path) as supervisor:
            command = Command(name="etcd", argv=("/nowhere/etcd",), log=tmp_path / "etcd.log")
            return await supervisor.start(command)

    with pytest.raises(ProcessError) as failed:
        asyncio.run(scene())
    assert "etcd cannot be started" in failed.value.cause
    assert "/nowhere/etcd" in failed.value.cause
    assert failed.value.hint


async def start_deaf(supervisor: Supervisor, folder: Path) -> Running:
    """A child that does not heed SIGTERM, for half a second."""
    ready = folder / "deaf"
    text = f"trap '' TERM; touch {ready}; while :; do sleep 1; done"
    child = await supervisor.start(shell(folder, text, grace_seconds=0.5))
    await asyncio.to_thread(until, ready.exists)
    return child


def test_nothing_starts_once_the_owner_is_ending(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Supervisor(tmp_path) as supervisor:
            await start_deaf(supervisor, tmp_path)
            ending = asyncio.ensure_future(supervisor.stop_all())
            await asyncio.sleep(0.05)
            with pytest.raises(ProcessError, match="its owner is ending"):
                await supervisor.start(shell(tmp_path, "sleep 60"))
            await ending

    asyncio.run(scene())


def test_start_that_meets_the_end_leaves_nothing(tmp_path: Path) -> None:
    """The race itself: both are under way at once."""
    started: list[Running] = []

    async def scene() -> None:
        async with Supervisor(tmp_path) as supervisor:

            async def start() -> None:
                started.append(await supervisor.start(shell(tmp_path, "exec sleep 60")))

            await asyncio.gather(
                *(start() for _ in range(10)), supervisor.stop_all(), return_exceptions=True
            )

    asyncio.run(scene())
    assert not alive([running.pid for running in started])


def test_cancellation_while_ending_waits_for_the_end(tmp_path: Path) -> None:
    pids: list[int] = []

    async def scene() -> None:
        async with Supervisor(tmp_path) as supervisor:
            pids.append((await start_deaf(supervisor, tmp_path)).pid)

    async def impatient() -> None:
        scene_task = asyncio.ensure_future(scene())
        await asyncio.to_thread(until, lambda: bool(pids))
        for _ in range(3):
            await asyncio.sleep(0.1)
            scene_task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await scene_task
        assert not alive(pids)

    asyncio.run(impatient())


def test_log_tail_reads_the_end_of_a_long_log(tmp_path: Path) -> None:
    async def scene() -> str:
        async with Supervisor(tmp_path) as supervisor:
            child = await supervisor.start(shell(tmp_path, "seq 1 100000"))
            await child.wait()
            return child.log_tail(lines=2)

    assert asyncio.run(scene()) == "99999\n100000"


def test_folder_is_free_again_after_the_end(tmp_path: Path) -> None:
    async def scene() -> None:
        for _ in range(2):
            async with Supervisor(tmp_path) as supervisor:
                assert supervisor.ended_at_start == 0

    asyncio.run(scene())
