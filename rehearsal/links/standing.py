"""What we made in the machine's network, noted before it is made, so that nothing else is removed.

Namespaces and interfaces belong to the whole machine, not to a state folder, so the notes and the
lock are the machine's too. Both vanish with them when it is switched off.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable
from ipaddress import IPv4Network
from pathlib import Path
from typing import IO

from rehearsal.links.errors import LinksError
from rehearsal.links.wiring import Wiring

RUN = Path("/run/suyun-links")
_NAMESPACES = Path("/run/netns")
_INTERFACES = Path("/sys/class/net")
_ROUTES = Path("/proc/net/route")


class Notes:
    """The lock and the notes of everything of one name."""

    def __init__(self, name: str, folder: Path = RUN) -> None:
        self._file = folder / f"{name}.made"
        self._lock_file = folder / f"{name}.lock"
        self._lock: IO[str] | None = None

    def take(self) -> None:
        """For this process alone. Raises LinksError when another has them."""
        self._lock_file.parent.mkdir(parents=True, exist_ok=True)
        lock = self._lock_file.open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise LinksError(
                "another data world on this machine has its links",
                "./suyun data stop ends it, in the checkout that started it; --no-links needs none",
            ) from error
        self._lock = lock

    def let_go(self) -> None:
        """Somebody else may have them."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def write(self, wiring: Wiring) -> None:
        """Notes what is going to be made. Raises LinksError when something is there already."""
        there = [name for name in wiring.namespaces if (_NAMESPACES / name).exists()]
        there += [name for name in wiring.interfaces if (_INTERFACES / name).exists()]
        if there:
            raise LinksError(
                f"this machine has a network '{there[0]}' that is not ours",
                "rename or remove it, or ./suyun data start --no-links",
            )
        require_unrouted(wiring.network, _ROUTES.read_text("utf-8").splitlines())
        made = [f"netns {name}\n" for name in wiring.namespaces]
        made += [f"link {name}\n" for name in wiring.interfaces]
        self._file.write_text("".join(made), "utf-8")

    def left(self) -> tuple[tuple[str, str], ...]:
        """What was noted: the kind and name of each thing. The links first."""
        if not self._file.exists():
            return ()
        lines = self._file.read_text("utf-8").splitlines()
        noted = (tuple(line.split(" ", 1)) for line in sorted(lines))
        return tuple((kind, name) for kind, name in noted if _exists(kind, name))

    def forget(self) -> None:
        """All of it has been removed."""
        self._file.unlink(missing_ok=True)


def require_unrouted(network: IPv4Network, lines: Iterable[str]) -> None:
    """Raises LinksError when one of those lines (of /proc/net/route) leads into the network."""
    for line in list(lines)[1:]:
        interface, destination, *others = line.split()
        routed = IPv4Network((_address(destination), _bits(others[5])))
        if routed.prefixlen and routed.overlaps(network):
            raise LinksError(
                f"this machine reaches {routed} over {interface}, and our links are of {network}",
                "./suyun data start --no-links uses no addresses but those of 127.0.0.0/8",
            )


def _address(little_endian: str) -> int:
    return int.from_bytes(bytes.fromhex(little_endian)[::-1], "big")


def _bits(little_endian: str) -> int:
    return _address(little_endian).bit_count()


def _exists(kind: str, name: str) -> bool:
    return ((_NAMESPACES if kind == "netns" else _INTERFACES) / name).exists()
