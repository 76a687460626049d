"""Policy violations, from Pulumi's events to findings.

The policy pack's messages are `SUBJECT: EVIDENCE`, a line break, and `Fix: HINT`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from infra.fleet.resource import resource_name
from province.findings import Finding, Severity

_COLOUR = re.compile(r"<\{%[^%]*%\}>")
_FIX = "Fix:"


def plain(text: str) -> str:
    """Pulumi's text without its colour marks."""
    return _COLOUR.sub("", text).strip()


def finding_of(event: Mapping[str, Any], site: str) -> Finding:
    """The finding that a `policyEvent` tells. The subject names the site as well."""
    text = plain(event["message"])
    told, _, hint = text.rpartition(_FIX) if _FIX in text else (text, "", "")
    evidence = told.strip()
    urn = event.get("resourceUrn", "")
    subject = resource_name(urn) if urn else ""
    first = evidence.splitlines()[-1] if evidence else ""
    if ": " in first and (not urn or first.startswith(subject)):
        subject, _, first = first.partition(": ")
    mandatory = event.get("enforcementLevel") == "mandatory"
    return Finding(
        rule=event["policyName"],
        severity=Severity.ERROR if mandatory else Severity.WARNING,
        subject=f"{subject} at {site}" if subject else site,
        evidence=first or event["policyName"],
        hint=hint.strip() or f"./suyun policies explain {event['policyName']}",
    )
