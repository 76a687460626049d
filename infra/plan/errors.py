"""What a province can ask for that no plan can give."""

from __future__ import annotations

from evidence.verdict import ExitCode


class PlanError(Exception):
    """The province cannot be planned as it is written; nothing was changed."""

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint
