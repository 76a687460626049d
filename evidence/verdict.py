"""Three-valued verdicts and the exit codes of the command line."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum


class Verdict(StrEnum):
    """PASS needs evidence; a crash, a missing sample or a lost worker is UNKNOWN."""

    PASS = "PASS"  # noqa: S105 - a verdict, no password
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"


class ExitCode(IntEnum):
    """What the command line's exit status means."""

    PASS = 0
    """Everything asked for holds."""
    FAIL = 1
    """Evidence says that something does not hold."""
    UNKNOWN = 2
    """There is not enough evidence to say."""
    BAD_INPUT = 3
    """The input was wrong; nothing was changed."""
    TOOL_FAILED = 4
    """The tool itself, or the machine it needs, failed."""
    INTERRUPTED = 130
    """A person stopped it (128 + SIGINT, as shells say it)."""


def merge(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict for many: FAIL over UNKNOWN over PASS. Nothing at all is UNKNOWN."""
    seen = set(verdicts)
    if Verdict.FAIL in seen:
        return Verdict.FAIL
    if Verdict.UNKNOWN in seen or not seen:
        return Verdict.UNKNOWN
    return Verdict.PASS


def exit_code(verdict: Verdict) -> ExitCode:
    """The exit code that says this verdict."""
    return {
        Verdict.PASS: ExitCode.PASS,
        Verdict.FAIL: ExitCode.FAIL,
        Verdict.UNKNOWN: ExitCode.UNKNOWN,
    }[verdict]
