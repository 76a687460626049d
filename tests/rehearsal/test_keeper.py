"""A keeper's life, this process being the keeper: SIGTERM is what ends it."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from processes.errors import OwnerBusyError, ProcessError
from processes.supervisor import Supervisor
from rehearsal.keeper import Keeper, Status, StatusFile


def status_file(folder: Path) -> StatusFile[Status]:
    return StatusFile(folder / "status.json", Status)


def keeper(folder: Path) -> Keeper[Status]:
    return Keeper(status_file(folder), Status.mine(), folder / "log")


def told_of(found: Status | None) -> ProcessError:
    return ProcessError("gone" if found is None else found.cause or "dead", "")


def test_it_says_how_it_stands_until_it_is_told_to_end(tmp_path: Path) -> None:
    seen: list[Status | None] = []
    own = keeper(tmp_path)

    async def work(_: Supervisor) -> None:
        seen.append(status_file(tmp_path).read())
        own.say(state="ready")
        seen.append(status_file(tmp_path).living())
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(30)

    asyncio.run(own.keep(tmp_path, work))
    assert [status and status.state for status in seen] == ["booting", "ready"]
    assert status_file(tmp_path).read() is None


def test_a_failure_is_said_with_cause_and_hint_and_goes_on(tmp_path: Path) -> None:
    async def work(_: Supervisor) -> None:
        raise ProcessError("no etcd", "get one")

    with pytest.raises(ProcessError, match="no etcd"):
        asyncio.run(keeper(tmp_path).keep(tmp_path, work))
    found = status_file(tmp_path).read()
    assert found is not None
    assert (found.state, found.cause, found.hint) == ("failed", "no etcd", "get one")


def test_a_fault_of_our_own_is_named_and_the_log_is_the_hint(tmp_path: Path) -> None:
    async def work(_: Supervisor) -> None:
        raise KeyError("main")

    with pytest.raises(KeyError):
        asyncio.run(keeper(tmp_path).keep(tmp_path, work))
    found = status_file(tmp_path).read()
    assert found is not None
    assert found.cause == "KeyError: 'main'"
    assert found.hint == f"see {tmp_path / 'log'}"


def test_a_second_keeper_does_not_touch_what_the_first_says(tmp_path: Path) -> None:
    async def work(_: Supervisor) -> None:
        raise AssertionError("two keepers of one folder")

    async def scene() -> None:
        async with Supervisor(tmp_path):
            status_file(tmp_path).write(Status.mine(state="ready"))
            with pytest.raises(OwnerBusyError):
                await keeper(tmp_path).keep(tmp_path, work)

    asyncio.run(scene())
    found = status_file(tmp_path).read()
    assert found is not None
    assert found.state == "ready"


def test_what_failed_or_died_is_not_sound(tmp_path: Path) -> None:
    file = status_file(tmp_path)
    with pytest.raises(ProcessError, match="gone"):
        file.sound(told_of)
    file.write(Status.mine(state="failed", cause="no etcd"))
    with pytest.raises(ProcessError, match="no etcd"):
        file.sound(told_of)
    own = Status.mine(state="ready")
    file.write(own.model_copy(update={"started": own.started - 1}))
    with pytest.raises(ProcessError, match="dead"):
        file.sound(told_of)
    file.write(own)
    assert file.sound(told_of) == own
