"""Ends an owner's children when the owner is gone: `python -m processes.reaper OWNER PID`.

The owner holds the other end of standard input; the kernel closes it however the owner dies.
A new owner cleans by itself before it starts anything, so the reaper then keeps its hands off.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from processes.leftovers import clean
from processes.ownership import take_as_reaper


def main() -> int:
    """Waits for the owner's end, then cleans. Ctrl-C in the terminal is the owner's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.stdin.buffer.read()
    reap(Path(sys.argv[1]), int(sys.argv[2]))
    return 0


def reap(owner: Path, dead: int | None = None) -> int:
    """Ends what a dead owner left and returns how many that were; 0 when an owner is alive.

    `dead` is the process that is known to have been the owner and to be gone.
    """
    if not owner.is_dir():
        return 0
    lock = take_as_reaper(owner, dead)
    if lock is None:
        return 0
    with lock:
        return clean(owner)


if __name__ == "__main__":
    raise SystemExit(main())
