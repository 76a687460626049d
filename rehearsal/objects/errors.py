"""What can go wrong with an object store, told as cause and hint."""

from __future__ import annotations


class ObjectStoreError(Exception):
    """A store that did not do what was asked, or that was asked what it must refuse."""

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint
