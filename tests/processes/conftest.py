from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

PROGRAM = Path(__file__).with_name("owner_program.py")
ROOT = PROGRAM.parent.parent.parent


class Owner:
    """An owner that lives in a process of its own."""

    def __init__(self, folder: Path, *commands: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(folder), *commands],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def reaper(self) -> psutil.Process:
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if "processes.reaper" in child.cmdline())

    def signal(self, signum: int) -> int:
        self.process.send_signal(signum)
        return self.process.wait(20)


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Callable[..., Owner]]:
    """Makes owners, each ended with the test."""
    owners: list[Owner] = []

    def make(*commands: str) -> Owner:
        owners.append(Owner(tmp_path / "owner", *commands))
        return owners[-1]

    yield make
    for made in owners:
        if made.process.poll() is None:
            made.signal(15)
        if made.process.stdout is not None:
            made.process.stdout.close()


def pids_written(folder: Path, count: int) -> list[int]:
    """Process ids that the owner's children wrote into `folder/*.pid`."""
    until(lambda: len(_pid_files(folder)) == count)
    return [int(file.read_text()) for file in _pid_files(folder)]


def _pid_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.pid") if file.read_text().strip())


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Waits until that holds, and fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def alive(pids: list[int]) -> list[int]:
    """Those that run, zombies not counted."""
    return [pid for pid in pids if _runs(pid)]


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
