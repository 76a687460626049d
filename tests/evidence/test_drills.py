"""Accounts and histograms that cannot be are neither written nor read."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from evidence.drills import DrillFiguresRecord, LagRecord

ACCOUNT = {
    "drill": "site-dies",
    "engine": "objects",
    "site": "suzhou",
    "partner": "xuzhou",
    "is_synchronous": False,
    "writes_acknowledged": 10,
    "kept": 7,
    "lost": 2,
    "duplicated": 1,
    "corrupted": 0,
    "rpo_seconds": 1.5,
    "checked_at": 1795505400.0,
}
LAG = {
    "engine": "objects",
    "site": "suzhou",
    "partner": "xuzhou",
    "payload_bytes": 65536,
    "count": 100,
    "lag_ms_p50": 90.0,
    "lag_ms_p95": 200.0,
    "lag_ms_p99": 400.0,
    "lag_ms_max": 500.0,
    "under_load": False,
}


def test_what_a_drill_can_have_done_is_kept() -> None:
    assert DrillFiguresRecord.model_validate(ACCOUNT).lost == 2
    assert LagRecord.model_validate(LAG).missing == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kept": 8}, "11 writes are told of, 10 acknowledged"),
        ({"lost": 1}, "9 writes are told of, 10 acknowledged"),
        ({"rto_seconds": float("nan")}, "finite number"),
    ],
)
def test_an_account_that_does_not_add_up_is_refused(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        DrillFiguresRecord.model_validate({**ACCOUNT, **changes})


def test_a_histogram_out_of_order_is_refused() -> None:
    with pytest.raises(ValidationError, match="not in ascending order"):
        LagRecord.model_validate({**LAG, "lag_ms_p99": 501.0})
