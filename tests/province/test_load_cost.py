"""The kept cost card is one that was measured, and says what the arithmetic says."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from province.load_cost import (
    CORE_SHARE_MAX,
    USERS_PER_WORKER_MAX,
    demand,
    kept_card,
    need,
    worker_cores,
    worker_mib,
)
from province.objectives import Objectives
from tests import worlds


def test_the_kept_card_agrees_with_the_arithmetic_and_the_promise() -> None:
    card, promised = kept_card(), worlds.province().objectives
    assert isinstance(promised, Objectives)
    assert card.demand == demand(promised.users_concurrent_min)
    assert card.need_tls == need(card.tls, card.demand)
    assert card.need_plain == need(card.plain, card.demand)
    assert card.tls.user_kib > card.plain.user_kib
    assert datetime.fromisoformat(card.measured_at).tzinfo is not None
    assert card.tls.requests > 1000


@given(st.integers(1, 10**7))
def test_no_worker_is_asked_for_more_than_its_share(users: int) -> None:
    cost, wanted = kept_card().tls, demand(users)
    assert 0 < worker_cores(cost, wanted) <= 1
    assert worker_cores(cost, wanted) * CORE_SHARE_MAX * need(cost, wanted).workers == (
        pytest.approx(
            max(
                wanted.requests_per_second * cost.request_us / 1e6,
                users * cost.start_ms / 1000 / wanted.ramp_seconds,
            )
        )
    )


def test_a_full_workers_memory() -> None:
    cost = kept_card().tls.model_copy(update={"user_kib": 32, "worker_mib": 100})
    assert worker_mib(cost, USERS_PER_WORKER_MAX) == 100 + 18_000 / 32


def test_what_is_no_card_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    file.write_text('{"measured_at": "today"}')
    with pytest.raises(ValidationError):
        kept_card(file)
