"""What stops the fleet, as a cause and a hint."""

from __future__ import annotations

from evidence.verdict import ExitCode
from province.findings import Finding, Severity


class FleetError(Exception):
    """A fleet that cannot be worked on: a missing binary, passphrase or cluster."""

    exit_code = ExitCode.TOOL_FAILED

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.cause}; {self.hint}"


class StackLockedError(FleetError):
    """Somebody else is at work on the stack."""


class WrongClusterError(FleetError):
    """A kubeconfig that leads to a cluster that is not the one meant; nothing was changed there."""

    def __init__(self, site: str, cause: str, hint: str) -> None:
        super().__init__(cause, hint)
        self.finding = Finding(
            rule="kubeconfig-leads-to-its-own-cluster",
            severity=Severity.ERROR,
            subject=f"kubeconfig of {site}",
            evidence=cause,
            hint=hint,
        )
