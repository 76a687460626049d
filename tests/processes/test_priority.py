"""A process, what it has started, and their threads change places together."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil

from processes.priority import set_priority

_PROGRAM = """
import subprocess, sys, threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
child = subprocess.Popen(["sleep", "60"])
print("begun", flush=True)
sys.stdin.read()
child.kill()
"""


def test_descendants_and_threads_have_it_too() -> None:
    with subprocess.Popen(
        (sys.executable, "-c", _PROGRAM), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        before = os.getpriority(os.PRIO_PROCESS, process.pid)
        set_priority(process.pid, before + 3)
        seen = psutil.Process(process.pid)
        threads = [t.id for one in (seen, *seen.children()) for t in one.threads()]
        assert len(threads) == 3
        assert {os.getpriority(os.PRIO_PROCESS, one) for one in threads} == {before + 3}
        process.communicate()


def test_a_process_that_has_ended_is_none() -> None:
    with subprocess.Popen((sys.executable, "-c", "")) as process:
        process.wait()
    set_priority(process.pid, 5)
