from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from processes.leftovers import MARK, clean, leftovers, record_session, started_at
from processes.reaper import reap
from processes.supervisor import Command, OwnerBusyError, Supervisor
from tests.processes.conftest import Owner, alive, pids_written, until

Make = Callable[..., Owner]

PLAIN = "echo $$ > {0}/plain.pid; exec sleep 120"
DEAF = "trap '' TERM; echo $$ > {0}/deaf.pid; while :; do sleep 1; done"
OTHER_SESSION = "setsid bash -c 'echo $$ > {0}/other.pid; exec sleep 120' & wait"
UNMARKED = "exec env -i bash -c 'echo $$ > {0}/unmarked.pid; exec sleep 120'"
FORKING = "for i in 1 2 3; do bash -c 'echo $$ > {0}/'$i'.pid; exec sleep 120' & done; wait"
CHILDREN = (PLAIN, DEAF, OTHER_SESSION, UNMARKED, FORKING)
PIDS = 7
DEAD = 2**22 + 1
"""No process has this number: the kernel's largest is 2**22 (proc(5), pid_max)."""


def commands(tmp_path: Path) -> list[str]:
    return [command.format(tmp_path) for command in CHILDREN]


def test_killed_owner_leaves_nothing(owner: Make, tmp_path: Path) -> None:
    standing = owner(*commands(tmp_path))
    pids = pids_written(tmp_path, PIDS)
    reaper = standing.reaper().pid
    assert len(alive(pids)) == PIDS
    standing.signal(signal.SIGKILL)
    until(lambda: not alive([*pids, reaper]))


def test_reaper_waits_for_the_lock_that_the_dead_owner_lets_go_of_last(tmp_path: Path) -> None:
    with locked(tmp_path, DEAD) as lock, marked(tmp_path) as child:
        threading.Timer(0.3, lock.close).start()
        assert reap(tmp_path, DEAD) == 1
        until(lambda: not alive([child]))


def test_reaper_keeps_its_hands_off_what_a_new_owner_has(tmp_path: Path) -> None:
    with locked(tmp_path, DEAD + 1), marked(tmp_path) as child:
        assert reap(tmp_path, DEAD) == 0
        assert alive([child]) == [child]


@contextmanager
def locked(owner: Path, holder: int) -> Iterator[IO[str]]:
    with (owner / "owner.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(str(holder))
        lock.flush()
        yield lock


@contextmanager
def marked(owner: Path) -> Iterator[int]:
    with subprocess.Popen(["/bin/sleep", "60"], env={**os.environ, MARK: str(owner)}) as child:
        yield child.pid
        child.kill()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_owner_leaves_nothing(owner: Make, tmp_path: Path, signum: int) -> None:
    standing = owner(*commands(tmp_path))
    pids = pids_written(tmp_path, PIDS)
    standing.signal(signum)
    until(lambda: not alive(pids))
    until(lambda: not list((standing.folder / "sessions").iterdir()))


def test_second_interrupt_while_stopping_leaves_nothing(owner: Make, tmp_path: Path) -> None:
    standing = owner(*commands(tmp_path))
    pids = pids_written(tmp_path, PIDS)
    plain = pids[-2]
    standing.process.send_signal(signal.SIGINT)
    until(lambda: plain not in alive(pids) or standing.process.poll() is not None)
    standing.process.send_signal(signal.SIGINT)
    standing.process.wait(20)
    until(lambda: not alive(pids))


def test_next_owner_ends_what_escaped_the_reaper(owner: Make, tmp_path: Path) -> None:
    standing = owner(*commands(tmp_path))
    pids = pids_written(tmp_path, PIDS)
    standing.reaper().kill()
    standing.signal(signal.SIGKILL)
    assert len(alive(pids)) == PIDS
    assert asyncio.run(_ended_at_start(standing.folder)) >= PIDS
    assert not alive(pids)


async def _ended_at_start(folder: Path) -> int:
    async with Supervisor(folder) as supervisor:
        return supervisor.ended_at_start


def test_next_owner_waits_for_the_reaper_and_keeps_its_own_children(
    owner: Make, tmp_path: Path
) -> None:
    standing = owner(*commands(tmp_path))
    pids = pids_written(tmp_path, PIDS)
    standing.signal(signal.SIGKILL)
    assert asyncio.run(_sleeps(standing.folder, seconds=1.0)) is None
    assert not alive(pids)


async def _sleeps(folder: Path, seconds: float) -> int | None:
    """The exit code of a child of a new owner after that time; None while it runs."""
    async with Supervisor(folder) as supervisor:
        child = await supervisor.start(
            Command(name="new", argv=("sleep", "60"), log=folder / "new.log")
        )
        await asyncio.sleep(seconds)
        return child.exit_code


def test_second_owner_is_refused_and_harms_nothing(owner: Make, tmp_path: Path) -> None:
    standing = owner(PLAIN.format(tmp_path))
    pids = pids_written(tmp_path, 1)
    with pytest.raises(OwnerBusyError) as refused:
        asyncio.run(_ended_at_start(standing.folder))
    assert str(standing.process.pid) in refused.value.cause
    assert "SUYUN_STATE" in refused.value.hint
    assert alive(pids) == pids


def test_process_of_an_unrelated_session_is_spared(tmp_path: Path) -> None:
    """A note may outlive its session, and its number may come round again."""
    bystander = subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
    try:
        record_session(tmp_path, bystander.pid)
        note = tmp_path / "sessions" / str(bystander.pid)
        boot, started = note.read_text().split()
        assert [found.pid for found in leftovers(tmp_path)] == [bystander.pid]
        for stale in (f"{boot} {float(started) - 60}", f"another-boot {started}", "", "x y"):
            note.write_text(stale)
            assert leftovers(tmp_path) == ()
        assert clean(tmp_path) == 0
        assert bystander.poll() is None
        assert not note.exists()
    finally:
        bystander.kill()
        bystander.wait()


def test_mark_of_another_owner_is_not_ours(tmp_path: Path) -> None:
    other = {**os.environ, MARK: f"{tmp_path}/two"}
    bystander = subprocess.Popen(["/bin/sleep", "60"], env=other)
    try:
        until(lambda: [found.pid for found in leftovers(tmp_path / "two")] == [bystander.pid])
        assert leftovers(tmp_path) == ()
    finally:
        bystander.kill()
        bystander.wait()


def test_session_of_a_child_that_ended_already_can_be_noted(tmp_path: Path) -> None:
    child = subprocess.Popen(["/bin/true"])
    child.wait()
    assert started_at(child.pid) is None
    record_session(tmp_path, child.pid)
    assert leftovers(tmp_path) == ()
