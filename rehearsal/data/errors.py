"""What can go wrong in the data world, told as cause and hint."""

from __future__ import annotations

from evidence.verdict import ExitCode
from processes.errors import ProcessError


class DataError(ProcessError):
    """The world could not do what was asked."""


class RefusedError(DataError):
    """It was refused because it would not have been safe; a drill may expect that."""

    exit_code = ExitCode.FAIL
