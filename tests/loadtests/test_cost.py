from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.cost import CostOrder, card, measure
from loadtests.order import LoadError
from processes.supervisor import Supervisor
from province.load_cost import (
    CORE_SHARE_MAX,
    USERS_PER_WORKER_MAX,
    CostCard,
    Demand,
    UserCost,
    demand,
    need,
)

COST = UserCost(user_kib=32, request_us=100, start_ms=1.5, worker_mib=100, requests=1000)
ORDER = CostOrder(
    url="http://127.43.0.1:1",
    ca_file=None,
    source="127.43.0.2",
    users=2,
    ramp_seconds=1,
    hold_seconds=1,
    pacing_seconds=0.1,
    seed=7,
)

costs = st.builds(
    UserCost,
    user_kib=st.floats(0, 10_000),
    request_us=st.floats(0, 1e6),
    start_ms=st.floats(0, 10_000),
    worker_mib=st.floats(1, 1000),
    requests=st.integers(1, 10**9),
)
demands = st.builds(
    Demand,
    users=st.integers(1, 10**7),
    requests_per_second=st.floats(0.1, 1e6),
    ramp_seconds=st.floats(1, 10_000),
)


def test_the_need_of_a_target_by_hand() -> None:
    found = need(COST, Demand(users=200_000, requests_per_second=20_000, ramp_seconds=200))
    # hold: 20,000 × 100 µs = 2 cores; ramp: 200,000 × 1.5 ms / 200 s = 1.5 cores; 2 / 0.7 → 3
    assert (found.cores, found.workers) == (3, 12)
    assert found.memory_mib == 200_000 * 32 / 1024 + 12 * 100
    assert "20,000 requests/s × 100 µs = 2.00 cores" in found.arithmetic[0]
    assert "200,000 users × 1.50 ms / 200 s = 1.50 cores" in found.arithmetic[1]
    assert found.arithmetic[-1].endswith(f"= {found.memory_mib:,} MiB")


def test_a_fast_ramp_needs_more_cores_than_the_hold() -> None:
    slow = need(COST, Demand(users=200_000, requests_per_second=1000, ramp_seconds=3000))
    fast = need(COST, Demand(users=200_000, requests_per_second=1000, ramp_seconds=30))
    assert slow.cores < fast.cores == math.ceil(10 / CORE_SHARE_MAX)


def test_one_user_needs_one_worker() -> None:
    found = need(COST, demand(1))
    assert (found.workers, found.cores) == (1, 1)


@given(costs, demands)
def test_workers_hold_all_users_and_are_busy_within_their_share(
    cost: UserCost, wanted: Demand
) -> None:
    found = need(cost, wanted)
    assert found.workers * USERS_PER_WORKER_MAX >= wanted.users
    assert found.workers >= found.cores
    work = wanted.requests_per_second * cost.request_us / 1e6
    assert work <= found.cores * CORE_SHARE_MAX * (1 + 1e-9)
    arriving = wanted.users * cost.start_ms / 1000 / wanted.ramp_seconds
    assert arriving <= found.cores * CORE_SHARE_MAX * (1 + 1e-9)


@given(costs, demands)
def test_more_users_never_need_less(cost: UserCost, wanted: Demand) -> None:
    more = wanted.model_copy(update={"users": 2 * wanted.users})
    small, large = need(cost, wanted), need(cost, more)
    assert small.workers <= large.workers
    assert small.cores <= large.cores
    assert small.memory_mib <= large.memory_mib


def test_a_card_is_json_and_comes_back() -> None:
    made = card(ORDER, COST, COST, demand(200_000))
    text = made.model_dump_json()
    assert CostCard.model_validate_json(text) == made
    plain = json.loads(text)
    assert plain["seed"] == ORDER.seed
    assert plain["host"]["cores"] >= 1
    assert plain["demand"]["requests_per_second"] == 5000
    assert plain["need_tls"]["arithmetic"]


async def _measured(folder: Path) -> UserCost:
    async with Supervisor(folder) as supervisor:
        return await measure(ORDER, supervisor)


def test_a_server_that_refuses_is_told_and_not_measured(tmp_path: Path) -> None:
    with pytest.raises(LoadError) as caught:
        asyncio.run(_measured(tmp_path))
    assert "a request failed" in caught.value.cause
    assert "cost-plain.log" in caught.value.hint
