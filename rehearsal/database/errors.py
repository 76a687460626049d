"""What can go wrong with the base database, told as cause and hint."""

from __future__ import annotations

from processes.errors import ProcessError


class DatabaseError(ProcessError):
    """The database could not do what was asked, or it was refused as unsafe."""


class SplitBrainError(DatabaseError):
    """Two servers take writes, or would."""
