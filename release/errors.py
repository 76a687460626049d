"""How errors reach a person: a cause, a hint, an exit code; never a traceback for a mistake."""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from typing import Protocol, runtime_checkable

from evidence.verdict import ExitCode
from province.findings import Finding


@runtime_checkable
class Explained(Protocol):
    """An error of ours: every room's errors carry a cause and a hint."""

    cause: str
    hint: str


class InputError(Exception):
    """The command line or a file it names is wrong; nothing was changed."""

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint


def explain(error: BaseException, crash_folder: Path) -> ExitCode:
    """Says on standard error what went wrong, and returns the exit code for it."""
    if isinstance(error, KeyboardInterrupt):
        return say(
            "interrupted; everything that was started has been ended", "", ExitCode.INTERRUPTED
        )
    if isinstance(error, Explained):
        for finding in getattr(error, "findings", ()):
            sys.stderr.write(finding_line(finding) + "\n")
        return say(error.cause, error.hint, getattr(error, "exit_code", ExitCode.TOOL_FAILED))
    if isinstance(error, OSError):
        return say(_os_cause(error), _os_hint(error), ExitCode.TOOL_FAILED)
    return say(
        f"the tool itself failed: {type(error).__name__}: {error}",
        f"please report it with {_crash_file(error, crash_folder)}",
        ExitCode.TOOL_FAILED,
    )


def say(cause: str, hint: str, code: ExitCode) -> ExitCode:
    """Says a cause and a hint on standard error, and returns the exit code."""
    sys.stderr.write(f"suyun: {cause}\n")
    if hint:
        sys.stderr.write(f"  hint: {hint}\n")
    return code


def told(error: BaseException) -> str:
    """An expected error in one sentence, for a stage's reason."""
    if isinstance(error, Explained):
        return f"{error.cause} ({error.hint})" if error.hint else error.cause
    return _os_cause(error) if isinstance(error, OSError) else str(error)


def finding_line(finding: Finding) -> str:
    """A finding as one line that an editor can jump to."""
    place = f"{finding.location}: " if finding.location else ""
    problem = f"{finding.severity}: {finding.subject}: {finding.evidence} [{finding.rule}]"
    return f"{place}{problem}\n    fix: {finding.hint}"


def _os_cause(error: OSError) -> str:
    place = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{place}"


def _os_hint(error: OSError) -> str:
    no_space = 28  # ENOSPC
    if error.errno == no_space:
        return "free some disk space; finished work is kept and the command can be repeated"
    return "./suyun doctor names what this machine lacks"


def _crash_file(error: BaseException, folder: Path) -> str:
    path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(traceback.format_exception(error)), "utf-8")
    except OSError:
        return "the text above (the crash log could not be written)"
    return str(path)
