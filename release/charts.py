"""Geometry of the report's charts: numbers in, positions in percent and SVG paths out.

The plot's coordinates run from 0 to 1000 and from 0 to 300, y downwards; the page stretches them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

WIDTH, HEIGHT = 1000.0, 300.0
_POINTS_MAX = 250
"""More points than a screen's pixels would only make the file larger."""
_ROWS_MAX = 12
_TICKS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """A label on an axis, at a percentage of its length from the plot's left or bottom edge."""

    percent: float
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One series: its name and the path that draws it."""

    name: str
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """A line chart, its axes, and what it shows in words and as a table.

    `span` is where a part of the time is marked, from and to in percent; `marks` are moments.
    """

    title: str
    unit: str
    lines: tuple[Line, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    span: tuple[float, float] | None
    marks: tuple[Tick, ...]
    summary: str
    rows: tuple[tuple[str, ...], ...]


def line_chart(
    title: str,
    unit: str,
    seconds: Sequence[float],
    series: Mapping[str, Sequence[float]],
    span: tuple[float, float] | None = None,
    marks: Sequence[tuple[float, str]] = (),
) -> Chart:
    """A chart of series over time. Raises ValueError when there is nothing to draw.

    `marks` are seconds of the same clock, and what happened then.
    """
    if not seconds or any(len(values) != len(seconds) for values in series.values()):
        raise ValueError(f"{title}: every series needs a value for every second")
    begin = min(seconds)
    times = [second - begin for second in seconds]
    top = nice_ceiling(max(max(values) for values in series.values()))
    right = max(*times, 1.0)
    return Chart(
        title=title,
        unit=unit,
        lines=tuple(
            Line(name=name, path=_path(times, values, right, top))
            for name, values in series.items()
        ),
        x_ticks=_ticks(right, nice_ceiling(right / _TICKS), " s"),
        y_ticks=_ticks(top, top / _TICKS, ""),
        span=_span(span, begin, right),
        marks=tuple(
            Tick(percent=100 * (at - begin) / right, text=text)
            for at, text in marks
            if 0 <= at - begin <= right
        ),
        summary=_summary(title, unit, times, series),
        rows=_rows(times, series),
    )


def nice_ceiling(value: float) -> float:
    """The next number of the form 1, 2 or 5 times a power of ten, at least 1e-6."""
    value = max(value, 1e-6)
    power: float = 10.0 ** floor(log10(value))
    return next(
        step * power for step in (1.0, 2.0, 5.0, 10.0) if value <= step * power * (1 + 1e-9)
    )


def _path(times: Sequence[float], values: Sequence[float], right: float, top: float) -> str:
    """Straight lines through the points; of each bucket of points the highest is kept."""
    bucket = ceil(len(times) / _POINTS_MAX)
    points = []
    for start in range(0, len(times), bucket):
        at = max(range(start, min(start + bucket, len(times))), key=lambda i: values[i])
        points.append(f"{times[at] / right * WIDTH:.1f},{HEIGHT * (1 - values[at] / top):.1f}")
    return "M" + " L".join(points)


def _ticks(end: float, step: float, suffix: str) -> tuple[Tick, ...]:
    return tuple(
        Tick(percent=100 * i * step / end, text=f"{round(i * step, 6):,g}{suffix}")
        for i in range(int(end / step + 1e-9) + 1)
    )


def _span(
    span: tuple[float, float] | None, begin: float, right: float
) -> tuple[float, float] | None:
    if span is None:
        return None
    low, high = (min(max(100 * (at - begin) / right, 0.0), 100.0) for at in span)
    return (low, high)


def _summary(
    title: str, unit: str, times: Sequence[float], series: Mapping[str, Sequence[float]]
) -> str:
    told = "; ".join(
        f"{name}: from {values[0]:,.0f} to {values[-1]:,.0f}, highest {max(values):,.0f} {unit}"
        for name, values in series.items()
    )
    return f"{title} over {times[-1]:,.0f} seconds. {told}."


def _rows(
    times: Sequence[float], series: Mapping[str, Sequence[float]]
) -> tuple[tuple[str, ...], ...]:
    step = ceil(len(times) / _ROWS_MAX)
    return tuple(
        (f"{times[i]:,.0f}", *(f"{values[i]:,.1f}" for values in series.values()))
        for i in range(0, len(times), step)
    )
