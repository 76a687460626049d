from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from processes.detached import end, is_alive, last_words, shows_life, start_detached
from processes.errors import ProcessError
from processes.leftovers import MARK, started_at
from processes.reaper import reap
from tests.processes.conftest import until


def test_detached_process_has_its_own_session_and_no_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MARK, "/some/owner")
    log = tmp_path / "logs" / "it.log"
    text = f"echo ${{{MARK}:-unmarked}} $WORD; echo error >&2; exec sleep 60"
    pid = start_detached(("/bin/bash", "-c", text), log, {"WORD": "told"})
    started = started_at(pid)
    assert started is not None
    try:
        until(lambda: log.exists() and log.read_text() == "unmarked told\nerror\n")
        assert os.getsid(pid) == pid
        assert is_alive(pid, started)
        assert not is_alive(pid, started - 1)
    finally:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not is_alive(pid, started))


def test_an_ended_process_that_its_parent_has_not_asked_for_does_not_run(tmp_path: Path) -> None:
    pid = start_detached(("/bin/sleep", "60"), tmp_path / "it.log", {})
    started = started_at(pid)
    code = f"from processes.detached import is_alive; print(is_alive({pid}, {started}))"
    os.kill(pid, signal.SIGKILL)
    until(lambda: "Z (" in Path(f"/proc/{pid}/status").read_text())
    elsewhere = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert elsewhere.stdout == "False\n"
    assert started_at(pid) == started  # nobody has collected it meanwhile
    os.waitpid(pid, 0)


def test_a_callers_lock_is_not_kept(tmp_path: Path) -> None:
    """As `flock FILE ./suyun up` has it: open, locked and inherited."""
    ours = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    os.set_inheritable(ours, True)  # noqa: FBT003 - it takes no keyword
    fcntl.flock(ours, fcntl.LOCK_EX)
    pid = start_detached(("/bin/sleep", "60"), tmp_path / "it.log", {})
    try:
        os.close(ours)
        with (tmp_path / "lock").open() as again:
            fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.kill(pid, signal.SIGKILL)


def test_who_does_not_hear_the_first_signal_is_ended_by_the_second(tmp_path: Path) -> None:
    log = tmp_path / "it.log"
    text = "trap 'echo no' TERM; echo ready; while :; do sleep 0.05; done"
    pid = start_detached(("/bin/bash", "-c", text), log, {})
    started = started_at(pid)
    assert started is not None
    assert shows_life(pid, lambda: log.exists() and "ready" in log.read_text())
    end(pid, started, 0.5)
    assert not is_alive(pid, started)
    assert last_words(log) == ": ready / no"


def test_who_ends_without_a_word_showed_no_life(tmp_path: Path) -> None:
    pid = start_detached(("/bin/true",), tmp_path / "it.log", {})
    assert not shows_life(pid, lambda: False)
    assert not last_words(tmp_path / "it.log")


def test_program_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="/nowhere/it cannot be started"):
        start_detached(("/nowhere/it",), tmp_path / "it.log", {})


def test_reaping_where_nobody_ever_was_is_nothing(tmp_path: Path) -> None:
    assert reap(tmp_path / "never") == 0
