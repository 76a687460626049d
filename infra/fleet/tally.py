"""Counts an operation's events: pure, so that a recorded stream can be counted again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from infra.fleet.drift import drift_of
from infra.fleet.orders import DriftedField, EndTold, StepTold
from infra.fleet.resource import resource_name
from infra.fleet.violations import finding_of, plain
from province.findings import Finding

_OPERATIONS = {
    "create": "created",
    "update": "updated",
    "create-replacement": "replaced",
    "delete": "deleted",
    "same": "same",
}
"""Pulumi's step names to ours. A replacement's other steps are parts of the same change."""
_SAID_OF_THE_WHOLE = ("preview failed", "update failed", "destroy failed")


_SUMMARIES = ("policyAnalyzeSummaryEvent", "policyAnalyzeStackSummaryEvent")


def _summary(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What was evaluated on one resource, or on the stack as a whole."""
    return next((event[name] for name in _SUMMARIES if name in event), None)


class Tally:
    """What has been seen of one operation on one site's stack. Events are Pulumi's JSON.

    With `sees_drift` the operation is a preview of a stack that is up, after a refresh.
    """

    def __init__(self, site: str, *, sees_drift: bool = False) -> None:
        self._site = site
        self._sees_drift = sees_drift
        self._seen: dict[str, str] = {}
        self._rules: set[str] = set()
        self._findings: list[Finding] = []
        self._drift: list[DriftedField] = []
        self._errors: list[str] = []

    def take(self, event: Mapping[str, Any]) -> StepTold | None:
        """Counts an event; a step is told when a resource is done."""
        if "policyEvent" in event:
            self._findings.append(finding_of(event["policyEvent"], self._site))
        elif summary := _summary(event):
            self._evaluated(summary)
        elif "diagnosticEvent" in event:
            self._diagnosed(event["diagnosticEvent"])
        elif "resourcePreEvent" in event and self._sees_drift:
            self._drift += drift_of(event["resourcePreEvent"]["metadata"])
        elif "resOutputsEvent" in event:
            return self._done(event["resOutputsEvent"]["metadata"])
        return None

    def end(self, seconds: float, *, failed: str | None) -> EndTold:
        """The whole. `failed` is what the caller knows when Pulumi itself has failed."""
        counts = Counter(self._seen.values())
        return EndTold(
            seconds=seconds,
            **{name: counts[step] for step, name in _OPERATIONS.items()},
            rules=len(self._rules),
            findings=tuple(dict.fromkeys(self._findings)),
            drift=tuple(self._drift),
            error=self._error(failed) if failed is not None else None,
        )

    def _evaluated(self, summary: Mapping[str, Any]) -> None:
        self._rules.update(summary.get("passed") or ())
        self._rules.update(summary.get("failed") or ())

    def _diagnosed(self, event: Mapping[str, Any]) -> None:
        text = plain(event["message"])
        if event["severity"] == "error" and text and text not in _SAID_OF_THE_WHOLE:
            urn = event.get("urn") or ""
            self._errors.append(f"{resource_name(urn)}: {text}" if urn else text)

    def _done(self, step: Mapping[str, Any]) -> StepTold | None:
        if step["op"] not in _OPERATIONS:
            return None
        self._seen[step["urn"]] = step["op"]  # a component is told twice: made, and its outputs
        return StepTold(done=len(self._seen), resource=resource_name(step["urn"]))

    def _error(self, failed: str) -> str:
        if self._findings:
            rules = ", ".join(sorted({finding.rule for finding in self._findings}))
            return f"stopped by {len(self._findings)} policy findings ({rules})"
        return self._errors[0] if self._errors else failed
