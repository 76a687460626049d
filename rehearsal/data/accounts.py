"""What became of each acknowledged write. Pure: from the ledger and from what was found.

This is the checker's side: it knows the ledger's lines and nothing else of whoever wrote them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rehearsal.data.ledger import Acknowledged


class Fate(StrEnum):
    """What became of a write, the worst last."""

    KEPT = "kept"
    DUPLICATED = "duplicated"
    LOST = "lost"
    CORRUPTED = "corrupted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """An object or a row as it was found: where it says it belongs, and the hash of its bytes."""

    place: str
    key: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdings:
    """All pieces that were found at one site."""

    site: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Every acknowledged write with its fate. `looked_at` are the sites that had to have it."""

    fates: Mapping[tuple[str, str], Fate]
    looked_at: tuple[str, ...]
    lost: tuple[Acknowledged, ...]

    def count(self, fate: Fate) -> int:
        """How many of them there are."""
        return sum(found is fate for found in self.fates.values())

    @property
    def is_whole(self) -> bool:
        """Whether each one was kept."""
        return self.count(Fate.KEPT) == len(self.fates)


def account(writes: Iterable[Acknowledged], found: Sequence[Holdings]) -> Account:
    """What became of those writes at those sites together: of each the worst of all its fates.

    A write that was acknowledged twice (its answer came late, and it was sent again) is one.
    """
    expected = {(write.place, write.key): write for write in writes}
    fates = dict.fromkeys(expected, Fate.KEPT)
    for holdings in found:
        for name, fate in _fates(expected, holdings.pieces).items():
            fates[name] = max(fates[name], fate, key=list(Fate).index)
    return Account(
        fates=fates,
        looked_at=tuple(holdings.site for holdings in found),
        lost=tuple(expected[name] for name, fate in fates.items() if fate is Fate.LOST),
    )


def _fates(
    expected: Mapping[tuple[str, str], Acknowledged], pieces: Iterable[Piece]
) -> dict[tuple[str, str], Fate]:
    hashes: dict[tuple[str, str], list[str]] = defaultdict(list)
    times: Counter[str] = Counter()
    for piece in pieces:
        hashes[piece.place, piece.key].append(piece.sha256)
        times[piece.sha256] += 1
    return {name: _fate(write, hashes[name], times) for name, write in expected.items()}


def _fate(write: Acknowledged, hashes: Sequence[str], times: Counter[str]) -> Fate:
    """Bytes are each write's own, so the same bytes under another key are the write once more."""
    if not hashes:
        return Fate.LOST
    if any(found != write.sha256 for found in hashes):
        return Fate.CORRUPTED
    return Fate.DUPLICATED if times[write.sha256] > 1 else Fate.KEPT
