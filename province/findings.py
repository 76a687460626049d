"""A finding: one thing seen to be wrong, as a typed value. Sentences are made at the edge."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from province.value import Value


class Severity(StrEnum):
    """How much a finding weighs: an error stops the work, a warning is shown."""

    ERROR = "error"
    WARNING = "warning"


class Finding(Value):
    """What is wrong (`evidence`), with which rule, about whom, and how to mend it.

    `subject` is a site, a resource (`Deployment city/catalogue`) or a key path.
    `location` is `file:line` where a person can look, when one is known.
    """

    rule: str
    severity: Severity = Severity.ERROR
    subject: str
    evidence: str
    hint: str
    location: str | None = None


def errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those findings that stop the work."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)
