"""Headers: those of a response, and the block of those that a client sends with every request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

Lines = tuple[tuple[str, str | bytes | None], ...]
"""Names and values, in the order in which they are sent. None sends no such header."""

_ALWAYS: Lines = (
    ("Accept", "*/*"),
    ("Accept-Encoding", "gzip, deflate, br"),
    ("User-Agent", "suyun-loadtests"),
)


class Headers(Mapping[str, str]):
    """A response's headers, found by name in any case; repeated ones are joined by a comma."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self._raw = raw

    def getlist(self, name: str) -> list[str]:
        """Every value of that name, in order; empty when there is none."""
        wanted = name.lower().encode("latin-1", errors="replace")
        return [value.decode("latin-1") for found, value in self._raw if found.lower() == wanted]

    def __getitem__(self, name: str) -> str:
        values = self.getlist(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __iter__(self) -> Iterator[str]:
        return iter({name.decode("latin-1").lower(): None for name, _ in self._raw})

    def __len__(self) -> int:
        return sum(1 for _ in self)


class HeaderBlock(NamedTuple):
    """Headers as they are sent, and the lower-case names of those that the caller has set."""

    encoded: bytes
    names: frozenset[str]

    def without(self, names: frozenset[str]) -> HeaderBlock:
        """The same without those lower-case names."""
        kept = (
            line
            for line in self.encoded.splitlines(keepends=True)
            if line.partition(b":")[0].decode("latin-1").lower() not in names
        )
        return HeaderBlock(b"".join(kept), self.names - names)


@lru_cache(maxsize=1024)
def header_block(defaults: Lines, own: Lines = ()) -> HeaderBlock:
    """What is always sent, overridden by a user's defaults, overridden by a request's own.

    Raises ValueError for a control character.
    """
    chosen: dict[str, tuple[str, str | bytes | None]] = {}
    for lines in (_ALWAYS, defaults, own):
        chosen.update({name.lower(): (name, value) for name, value in lines})
    names = frozenset(name.lower() for lines in (defaults, own) for name, _ in lines)
    return HeaderBlock(encoded_lines(tuple(chosen.values())), names)


def encoded_lines(lines: Lines) -> bytes:
    """Header lines as bytes. Raises ValueError for a control character."""
    text = [f"{name}: {_text(value)}" for name, value in lines if value is not None]
    if any(has_controls(line) for line in text):
        raise ValueError("a header has a control character in it")
    return "".join(f"{line}\r\n" for line in text).encode("utf-8")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def has_controls(text: str) -> bool:
    """Whether a control character is in it, which would let a value become a header."""
    return any(letter < " " or letter == "\x7f" for letter in text)
