"""The beat: pauses end together, and none is changed by more than half a beat."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.beat import Beat


@given(
    wanted=st.floats(0, 3600),
    now=st.floats(0, 1e7),
    rank=st.integers(0, 11),
)
def test_a_pause_ends_on_a_beat_near_what_was_wanted(wanted: float, now: float, rank: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: now)
        pause = Beat(rank, 12, 0.1).pause(wanted)
    assert abs(pause - wanted) <= 0.05 + 1e-6
    beats = (now + pause - 0.1 * rank / 12) / 0.1
    assert pause == 0 or math.isclose(beats, round(beats), abs_tol=1e-4)


def test_workers_beat_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 50.0)
    ends = {round(Beat(rank, 4, 0.1).pause(1.0), 6) for rank in range(4)}
    assert {round(end % 0.1, 3) for end in ends} - {0.1} | {0.0} == {0.0, 0.025, 0.05, 0.075}
