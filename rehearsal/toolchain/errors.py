"""What can go wrong with a tool, told as cause and hint."""

from __future__ import annotations


class ToolchainError(Exception):
    """A tool that could not be had. Nothing half-made is left in the cache."""

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint


class ToolMissingError(ToolchainError):
    """A tool that only a person can install; the hint is the command that does it."""
