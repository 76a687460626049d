"""Who goes first where cores are few: processes and all that they have started."""

from __future__ import annotations

import os
from contextlib import suppress

import psutil

FIRST = -10
"""Before everybody else's; only root may take it."""
USUAL = 0


def may_go_first() -> bool:
    """Whether this user may put processes before others."""
    return os.geteuid() == 0


def set_priority(pid: int, niceness: int) -> None:
    """That process, its descendants, and each of their threads; harmless for those that end.

    Linux keeps a thread's own; what is started later has that of the thread that starts it.
    """
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            _set(one, niceness)


def _set(process: psutil.Process, niceness: int) -> None:
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        for thread in process.threads():
            os.setpriority(os.PRIO_PROCESS, thread.id, niceness)
