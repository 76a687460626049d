"""How far a load run is: the value, and the line that carries it from the master's process."""

from __future__ import annotations

from pydantic import ValidationError

from evidence.load import LoadPhase
from province.value import Value

_MARK = "suyun-progress "


class LoadProgress(Value):
    """Now: users connected of those wanted, the rate of the last seconds, and what is left.

    `workers` have reported so far; `response_ms_p99` is that of the slowest one's last second,
    for the eye alone.
    """

    phase: LoadPhase
    workers: int
    users_connected: int
    users_target: int
    requests_per_second: float
    response_ms_p99: float
    failed: int
    seconds_left: float


def progress_line(progress: LoadProgress) -> str:
    """The progress as one line of text."""
    return _MARK + progress.model_dump_json()


def parse_progress(line: str) -> LoadProgress | None:
    """The progress that the line carries; None for any other line."""
    if not line.startswith(_MARK):
        return None
    try:
        return LoadProgress.model_validate_json(line.removeprefix(_MARK))
    except ValidationError:
        return None
