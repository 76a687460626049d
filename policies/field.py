"""One place in a manifest: its path and what stands there, present, missing or not yet known.

Rules read manifests only through fields, so that no shape of input can make them crash, and so
that a value which a preview cannot know is never taken for a good one (`require`, `forbid`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum


class Absent(Enum):
    """Why a field has no value."""

    MISSING = "is missing"
    UNKNOWN = "is not known before the deployment"


MISSING = Absent.MISSING
UNKNOWN = Absent.UNKNOWN
_SHOWN_CHARACTERS_MAX = 120


@dataclass(frozen=True, slots=True)
class Field:
    """The value at a path. JSON's null counts as missing, as it does for Kubernetes."""

    path: str
    value: object

    def __getitem__(self, key: str) -> Field:
        path = f"{self.path}[{key}]" if set("./") & set(key) else f"{self.path}.{key}".lstrip(".")
        if self.value is UNKNOWN:
            return Field(path, UNKNOWN)
        value = self.value.get(key) if isinstance(self.value, Mapping) else None
        return Field(path, MISSING if value is None else value)

    def at(self, *keys: str) -> Field:
        """The field reached by following those keys."""
        field = self
        for key in keys:
            field = field[key]
        return field

    def each(self) -> Iterator[Field]:
        """The elements of a list; of an unknown list, one unknown element."""
        if self.value is UNKNOWN:
            yield Field(f"{self.path}[*]", UNKNOWN)
        elif isinstance(self.value, list):
            for index, value in enumerate(self.value):
                yield Field(f"{self.path}[{index}]", MISSING if value is None else value)

    @property
    def is_missing(self) -> bool:
        """Whether nothing stands there."""
        return self.value is MISSING

    @property
    def is_unknown(self) -> bool:
        """Whether something will stand there that is not known yet."""
        return self.value is UNKNOWN

    @property
    def is_empty(self) -> bool:
        """Whether a known value, or none, says nothing: missing, `{}`, `[]` or an empty text."""
        return self.is_missing or self.value in ({}, [], "")

    @property
    def text(self) -> str:
        """The value as text; empty when it is none."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def seen(self) -> str:
        """What is seen there, as a clause: `spec.replicas is 1`."""
        if isinstance(self.value, Absent):
            return f"{self.path} {self.value.value}"
        return f"{self.path} is {_shown(self.value)}"


@dataclass(frozen=True, slots=True)
class Problem:
    """What was seen to be wrong in one manifest, and the fix."""

    evidence: str
    hint: str


def require(field: Field, holds: Callable[[object], bool], hint: str) -> Iterator[Problem]:
    """A problem unless a known value is there for which `holds` is true."""
    if isinstance(field.value, Absent) or not holds(field.value):
        yield Problem(field.seen, hint)


def forbid(field: Field, fails: Callable[[object], bool], hint: str) -> Iterator[Problem]:
    """A problem if a value is there that is unknown or for which `fails` is true."""
    if field.is_unknown or (not field.is_missing and fails(field.value)):
        yield Problem(field.seen, hint)


def anything(_value: object) -> bool:
    """True of every value: `forbid(field, anything, hint)` forbids that the field is there."""
    return True


def is_true(value: object) -> bool:
    """Whether it is `true`, and not merely something that counts as true."""
    return value is True


def is_false(value: object) -> bool:
    """Whether it is `false`, and not merely something that counts as false."""
    return value is False


def equals(*wanted: object) -> Callable[[object], bool]:
    """A test for one of those values; `1` is not `True`."""
    return lambda value: any(
        value == want and isinstance(value, bool) == isinstance(want, bool) for want in wanted
    )


def _shown(value: object) -> str:
    plain = int(value) if isinstance(value, float) and value.is_integer() else value
    text = json.dumps(plain, ensure_ascii=False, default=_default)
    if len(text) <= _SHOWN_CHARACTERS_MAX:
        return text
    return text[: _SHOWN_CHARACTERS_MAX - 1] + "…"


def _default(value: object) -> str:
    return "not known yet" if value is UNKNOWN else str(value)
