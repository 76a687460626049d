"""Errors of processes: each carries a cause and a hint."""

from __future__ import annotations


class ProcessError(Exception):
    """A process that could not be started, or that ended when it should not have."""

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint


class OwnerBusyError(ProcessError):
    """Another live process owns that folder."""
