"""Drift, from the events of a preview that has looked at the cluster first."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from infra.fleet.orders import DriftedField
from infra.fleet.resource import is_component, resource_name

WHOLE = "(the whole object)"
_STEP = re.compile(r'\["([^"]+)"\]|\[(\d+)\]|([^.\[\]]+)')
_KEPT = 400
"""Characters of a value that are told; a whole spec would bury the rest."""


def drift_of(step: Mapping[str, Any]) -> tuple[DriftedField, ...]:
    """What one step of the preview would mend. `step` is a `resourcePreEvent`'s metadata.

    After the refresh, a step's old outputs are the live object and its new inputs are the code.
    """
    if is_component(step["urn"]):
        return ()
    if step["op"] == "create":
        return (_whole(step, code="present", live=None),)
    if step["op"] == "delete":
        return (_whole(step, code=None, live="present"),)
    if step["op"] not in {"update", "replace"}:
        return ()
    paths = step.get("detailedDiff") or {}
    live, code = (step.get("old") or {}).get("outputs"), (step.get("new") or {}).get("inputs")
    return tuple(
        DriftedField(
            resource=resource_name(step["urn"]),
            field=path,
            code=_told(value_at(code, path)),
            live=_told(value_at(live, path)),
        )
        for path in sorted(paths)
    )


def value_at(tree: object, path: str) -> object:
    """The value at a property path like `spec.containers[0].env["A.B"]`; None if there is none."""
    for name, index, word in _STEP.findall(path):
        try:
            tree = tree[int(index)] if index else tree[name or word]  # type: ignore[index]  # JSON
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _whole(step: Mapping[str, Any], *, code: str | None, live: str | None) -> DriftedField:
    return DriftedField(resource=resource_name(step["urn"]), field=WHOLE, code=code, live=live)


def _told(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= _KEPT else text[:_KEPT] + "…"
