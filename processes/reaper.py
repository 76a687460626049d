"""Ends an owner's children when the owner is gone: `python -m processes.reaper OWNER`.

The owner holds the other end of standard input; the kernel closes it however the owner dies.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from processes.leftovers import clean


def main() -> int:
    """Waits for the owner's end, then cleans. Ctrl-C in the terminal is the owner's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.stdin.buffer.read()
    clean(Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
