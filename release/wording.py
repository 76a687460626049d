"""How figures are put into words, the same in the report and on the console."""

from __future__ import annotations

import re
from collections.abc import Sequence

from evidence.figure import Figure
from evidence.records import LoadStepRecord, RecoveryRecord
from evidence.verdict import Verdict

_BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Terminal controls, and the marks that turn the direction of the text after them."""
_ABBREVIATED = {"ipv6": "IPv6", "rpo": "RPO", "rto": "RTO"}
_KIBI = 1024
_SMALL = 100
"""From here on decimals say nothing that a reader would use."""


def quantity(value: float, unit: str) -> str:
    """A value with its unit: `12,345 users`, `0.02 %`, `3.1 MiB`."""
    if unit == "ratio":
        return f"{value * 100:.3g} %"
    if unit == "1/s":
        return f"{_number(value)} a second"
    if unit == "bytes":
        return _bytes(value)
    return f"{_number(value)} {_singular(unit) if value == 1 else unit}"


def bounds(figure: Figure) -> str:
    """The interval and the objective, or nothing where neither is known."""
    parts = []
    if figure.low is not None and figure.high is not None:
        parts.append(f"{quantity(figure.low, figure.unit)} to {quantity(figure.high, figure.unit)}")
    if figure.objective is not None:
        parts.append(f"objective {quantity(figure.objective, figure.unit)}")
    return ", ".join(parts)


def label(name: str) -> str:
    """A figure's name as words: `login_response_ms_p95` is `login response p95`."""
    words = [word for word in name.split("_") if word not in {"ms", "ratio"}]
    return " ".join(_ABBREVIATED.get(word, word) for word in words)


def sentence(text: str) -> str:
    """The text as a sentence: it begins with a capital letter and ends with a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def printable(text: str) -> str:
    """The text without control characters: evidence may hold what a process wrote."""
    return _CONTROL.sub("\ufffd", text)


def told_recovery(seen: RecoveryRecord) -> str:
    """What users saw, in a sentence."""
    bound = f"{100 * seen.errors_ratio_max:g} %"
    over = (
        f"after {seen.recovered_seconds} s failures were back within {bound} and stayed there"
        if seen.recovered_seconds is not None
        else f"failures did not come back within {bound} before the hold ended"
    )
    return (
        f"The edge of {seen.site} was lost with {seen.users:,} users, who turned to that of "
        f"{seen.partner}: {seen.failed:,} of the {seen.requests:,} requests of all users failed "
        f"from then on; {over}"
    )


def told_steps(steps: Sequence[LoadStepRecord]) -> str:
    """Which step held and which did not, in a sentence; nothing where none was seen."""
    if not steps:
        return ""
    held = [step for step in steps if step.verdict is Verdict.PASS]
    broke = next((step for step in steps if step.verdict is not Verdict.PASS), None)
    of = f"of {steps[0].steps}"
    told = (
        f"Step {held[-1].step} {of} held with {held[-1].users:,} users" if held else "No step held"
    )
    if broke is None:
        return f"{told}, and none broke"
    what = "broke" if broke.verdict is Verdict.FAIL else "showed nothing"
    reasons = "; ".join(broke.reasons)
    return f"{told}; step {broke.step} {of} {what} with {broke.users:,} users: {reasons}"


def _singular(unit: str) -> str:
    if unit.endswith("ies"):
        return unit[:-3] + "y"
    return unit[:-1] if len(unit) > 2 and unit.endswith("s") else unit  # noqa: PLR2004 - "s", "ms"


def _number(value: float) -> str:
    if float(value).is_integer() or abs(value) >= _SMALL:
        return f"{value:,.0f}"
    return f"{value:.2g}" if abs(value) < 1 else f"{value:.1f}"


def _bytes(value: float) -> str:
    for unit in _BYTES[:-1]:
        if abs(value) < _KIBI:
            return f"{_number(value)} {unit}"
        value /= _KIBI
    return f"{_number(value)} {_BYTES[-1]}"
