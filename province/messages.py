"""Says in plain words what a value of the province's file should have been.

Turns pydantic's error details into findings; its jargon stops here.
"""

from __future__ import annotations

import difflib
import json
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from province.findings import Finding
from province.province import Province

FORMS = {
    r"^[a-z][a-z0-9-]{0,39}$": "a name of at most 40 lower-case letters, digits and hyphens",
    r"^32\d{4}$": "a division code of Jiangsu, such as '320106'",
    r"^1\.\d+\.\d+$": "a Kubernetes version, such as '1.34.4'",
    r"^oci://\S+$": "a chart in an OCI registry: oci://<registry>/<path>",
    r"^\S+:\d+\.\d+@sha256:[0-9a-f]{64}$": "an image by version and digest: name:17.6@sha256:<hex>",
    r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$": "a host name in lower case, such as 'data.example.cn'",
    r"^\S+@sha256:[0-9a-f]{64}$": "an image pinned by its digest: name@sha256:<64 hex digits>",
    r"^[a-z0-9+-]+://\S+$": "a controller's address, such as 'redfish-virtualmedia://10.0.0.9/'",
    r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$": "a hardware address, such as '02:00:00:00:00:01'",
}
"""What each pattern of the models means, in words."""

SHOWN_MAX = 60
"""Characters of a wrong value that a message quotes."""

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "string": "text in quotes",
    "tuple": "a list",
    "model": "a mapping of keys to values",
    "ip": "a prefix such as 10.8.0.0/13 or fd00:0:0:8::/64",
}

_BOUNDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda bound: f"a number greater than {bound['gt']}",
    "greater_than_equal": lambda bound: f"a number that is at least {bound['ge']}",
    "less_than_equal": lambda bound: f"a number that is at most {bound['le']}",
    "string_too_short": lambda bound: f"text of at least {bound['min_length']} characters",
    "too_short": lambda bound: f"a list of at least {bound['min_length']}",
    "string_pattern_mismatch": lambda bound: FORMS.get(bound["pattern"], bound["pattern"]),
    "literal_error": lambda bound: str(bound["expected"]),
    "enum": lambda bound: f"one of {bound['expected']}",
}


def value_finding(detail: ErrorDetails, subject: str, location: str) -> Finding:
    """The finding for one error that pydantic found in a `Province`'s data."""
    rule, evidence, hint = _sentence(detail)
    return Finding(rule=rule, subject=subject, evidence=evidence, hint=hint, location=location)


def _sentence(detail: ErrorDetails) -> tuple[str, str, str]:
    """Rule, evidence and hint."""
    kind, last = detail["type"], str(detail["loc"][-1]) if detail["loc"] else ""
    if kind == "missing":
        return "keys-are-complete", f"key '{last}' is missing", f"add '{last}: …' here"
    if kind == "extra_forbidden":
        hint = _choice(last, _keys_at(detail["loc"][:-1]))
        return "keys-are-known", f"there is no key '{last}' here", hint
    if kind == "value_error":
        hint = (
            f"give {_KINDS['ip']}"
            if isinstance(detail["input"], str)
            else "mend these keys together"
        )
        return "values-are-valid", str(detail["ctx"]["error"]), hint
    wanted = _wanted(detail)
    hint = f"give {wanted}"
    if kind == "enum":
        hint = _choice(str(detail["input"]), wanted.split("'")[1::2])
    return "values-are-valid", f"{_shown(detail['input'])} is not {wanted}", hint


def _wanted(detail: ErrorDetails) -> str:
    describe = _BOUNDS.get(detail["type"])
    if describe is not None:
        return describe(detail["ctx"])
    family = detail["type"].partition("_")[0]
    return _KINDS.get(family, f"allowed: {detail['msg']}")


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"


def _choice(given: str, known: Iterable[str]) -> str:
    choices = list(known)
    close = difflib.get_close_matches(given, choices, n=1)
    return f"did you mean '{close[0]}'?" if close else f"one of: {', '.join(choices)}"


def _keys_at(place: tuple[int | str, ...]) -> list[str]:
    """The keys that the mapping at that place may have."""
    model: type[BaseModel] = Province
    for part in place:
        fields = {_key(name, model): field for name, field in model.model_fields.items()}
        if part in fields:
            model = _model_within(fields[str(part)].annotation) or model
    return [_key(name, model) for name in model.model_fields]


def _key(name: str, model: type[BaseModel]) -> str:
    return model.model_fields[name].alias or name


def _model_within(annotation: object) -> type[BaseModel] | None:
    """The model in an annotation such as `tuple[Site, ...]` or `Audience | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = map(_model_within, typing.get_args(annotation))
    return next((model for model in inner if model is not None), None)
