"""The command line as a person runs it: a process of its own, watched line by line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from processes.leftovers import leftovers

ROOT = Path(__file__).resolve().parents[2]
_NETWORKS = ("127.20.", "127.0.1.")
"""Where a rehearsal listens and where its users come from."""


class CommandLine:
    """One `./suyun` process (without the launcher, which only makes the environment)."""

    def __init__(self, arguments: Sequence[str], folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self._seen = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "release", *arguments],
            cwd=ROOT,
            env={
                **os.environ,
                "SUYUN_STATE": str(folder / "state"),
                "SUYUN_RUNS": str(folder / "runs"),
                "NO_COLOR": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def until(self, text: str, seconds: float = 300) -> None:
        """Waits until a line holds that text; fails with all that was said when none does."""
        with self._seen:
            found = self._seen.wait_for(lambda: self._says(text) or self._over(), seconds)
        assert found, self.text
        assert self._says(text), self.text

    def signal(self, signum: signal.Signals) -> None:
        """As the terminal or `kill` sends it: to this process alone."""
        self.process.send_signal(signum)

    def end(self, seconds: float = 600) -> int:
        """Waits for its end and returns the exit code."""
        code = self.process.wait(seconds)
        self._reader.join(seconds)
        return code

    @property
    def text(self) -> str:
        """All that it has said, on both streams."""
        return "\n".join(self.lines)

    def _says(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def _over(self) -> bool:
        return not self._reader.is_alive()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                with self._seen:
                    self.lines.append(line.rstrip("\n"))
                    self._seen.notify_all()
        with self._seen:
            self._seen.notify_all()


def nothing_is_left(folder: Path, seconds: float = 30) -> None:
    """Fails when a process of that state folder lives or one of its ports is held after so long."""
    deadline = time.monotonic() + seconds
    while (left := _left(folder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left == []


def _left(folder: Path) -> list[str]:
    owners = [path for path in (folder / "state").glob("*") if path.is_dir()]
    alive = [str(process) for owner in owners for process in leftovers(owner)]
    held = [
        f"{connection.laddr.ip}:{connection.laddr.port}"
        for connection in psutil.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.ip.startswith(_NETWORKS)
    ]
    return alive + held
