"""Records that cannot be: what no run can have seen is neither written nor read."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from evidence.records import JourneyRecord, StackRecord

SEEN = {
    "journey": "video",
    "requests": 10,
    "failed": 1,
    "response_ms_p50": 1.0,
    "response_ms_p95": 2.0,
    "response_ms_p99": 3.0,
    "response_ms_max": 4.0,
    "bytes_received": 100,
}


def test_a_journey_that_can_be_is_kept() -> None:
    assert JourneyRecord.model_validate(SEEN).failed == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"failed": 11}, "11 of 10 requests cannot have failed"),
        ({"failed": -1}, "cannot have failed"),
        ({"response_ms_p95": 3.5}, "not in ascending order"),
        ({"response_ms_max": 2.9}, "not in ascending order"),
        ({"response_ms_p99": float("inf")}, "finite number"),
    ],
)
def test_a_journey_that_cannot_be_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        JourneyRecord.model_validate({**SEEN, **changes})


def test_changes_are_all_that_is_not_the_same() -> None:
    record = StackRecord(
        site="main",
        stack="rehearsal.main",
        operation="up",
        seconds=1.0,
        resources=10,
        created=1,
        updated=2,
        replaced=3,
        deleted=4,
        same=5,
    )
    assert record.changes == 10
