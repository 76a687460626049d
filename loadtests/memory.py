"""A process at rest: the heap given back after a burst of handshakes, and no long collections."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress


def release_free_memory() -> None:
    """Returns free heap pages to the kernel, where the C library is glibc; else does nothing.

    Handshakes under way at once leave holes between what stays: 2 to 6 KiB a user. It takes a few
    milliseconds (malloc_trim(3)).
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def collect_seldom() -> None:
    """Cyclic garbage is rare here, and looking for it took up to a quarter of a worker's time."""
    gc.set_threshold(20_000, 20, 100)


def leave_out_of_collections() -> None:
    """Lets the collector pass by all that lives now: users who stay as long as the process.

    A full collection of 17,000 users would hold up the loop for a tenth of a second and more.
    """
    gc.collect()
    gc.freeze()
