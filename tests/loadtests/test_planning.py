"""Workers are planned by arithmetic, and what does not fit is refused with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loadtests.courses import Hour, ShapeName
from loadtests.habits import requests_per_second
from loadtests.order import LoadError, LoadOrder, Loss, Target
from loadtests.planning import Machine, plan_think_scale, plan_workers
from province.audience import Crowd, Persona, crowds
from tests import worlds

MACHINE = Machine(cores=2, files=20_000, ports=28_232, memory_mib=16_000)


def order(users: int, **changes: object) -> LoadOrder:
    asked = LoadOrder(
        users=users,
        ramp_seconds=60,
        hold_seconds=60,
        targets=tuple(
            Target(site=site.id, hostname=f"{site.id}.example", address="127.37.0.1", port=8443)
            for site in worlds.province().branches
        ),
        ca_file=Path("ca.crt"),
        secret_file=Path("secret"),
        province_file=worlds.PROVINCE_FILE,
    )
    return asked.model_copy(update=changes)


def dual_stack(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    return targets + tuple(target.model_copy(update={"address": "::1"}) for target in targets)


def who(users: int) -> tuple[Crowd, ...]:
    return crowds(worlds.province(), users)


@pytest.mark.parametrize(
    ("users", "workers"), [(1, 1), (999, 1), (1000, 2), (20_000, 2), (36_001, 3), (200_000, 12)]
)
def test_workers_for(users: int, workers: int) -> None:
    assert plan_workers(order(users), who(users), MACHINE) == workers


@given(st.integers(1, 400_000), st.integers(1, 64), st.integers(1024, 30_000))
def test_what_is_planned_fits(users: int, cores: int, files: int) -> None:
    machine = Machine(cores=cores, files=files, ports=28_232, memory_mib=10**6)
    try:
        workers = plan_workers(order(users), who(users), machine)
    except LoadError:
        return
    assert -(-users // workers) + 500 <= files
    assert workers >= min(cores, users // 500)
    assert workers <= 254


@pytest.mark.parametrize(
    ("machine", "changes", "cause"),
    [
        (MACHINE, {"workers": 1}, "20,000 users a worker need 20,000 \\+ 500 open files"),
        (
            replace(MACHINE, memory_mib=500),
            {},
            "20,000 users × 36 KiB \\+ 3 processes × 110 MiB = 1,034 MiB; 500 MiB are free",
        ),
        (
            replace(MACHINE, ports=100),
            {},
            "from 2 source addresses are [0-9,]+ connections for each; 100 ports × 0.9 allow 90",
        ),
        (MACHINE, {"targets": order(1).targets[1:]}, "no edge is given for nanjing"),
        (
            replace(MACHINE, ports=2_000),
            {"users": 100_000, "workers": 100, "targets": dual_stack(order(1).targets)},
            "users of [a-z]+ over IPv6 come from one address; 2,000 ports × 0.9 allow 1,800",
        ),
        (MACHINE, {"first_source": "127.0.1.255"}, "do not fit into its /24"),
    ],
)
def test_what_does_not_fit_is_refused(
    machine: Machine, changes: dict[str, Any], cause: str
) -> None:
    users = changes.get("users", 20_000)
    asked = LoadOrder.model_validate({**order(users).model_dump(), **changes})
    with pytest.raises(LoadError, match=cause) as caught:
        plan_workers(asked, who(users), machine)
    assert caught.value.hint


def test_a_lost_sites_users_need_ports_at_its_partner_too() -> None:
    asked = order(200_000, shape=ShapeName.SITE_LOSS, loss=Loss(site="suzhou", partner="xuzhou"))
    machine = replace(MACHINE, ports=3_500, memory_mib=10**6)
    assert plan_workers(order(200_000), who(200_000), machine) == 12
    with pytest.raises(LoadError, match=r"users of xuzhou from 12 source addresses are 4,"):
        plan_workers(asked, who(200_000), machine)


@pytest.mark.parametrize(
    "changes",
    [{"shape": ShapeName.SITE_LOSS}, {"loss": {"site": "suzhou", "partner": "xuzhou"}}],
)
def test_a_site_is_lost_in_one_shape_alone(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="a site is lost in the shape site-loss"):
        LoadOrder.model_validate({**order(10).model_dump(), **changes})


def test_plain_users_need_less_memory() -> None:
    small = replace(MACHINE, memory_mib=700)
    with pytest.raises(LoadError):
        plan_workers(order(20_000), who(20_000), small)
    assert plan_workers(order(20_000, ca_file=None), who(20_000), small) == 2


@given(st.integers(1, 200_000), st.floats(0.1, 10_000), st.sampled_from(Hour))
def test_think_times_give_the_rate_that_was_asked_for(users: int, rate: float, hour: Hour) -> None:
    asked = order(users, rate=rate, hour=hour)
    scale = plan_think_scale(asked, who(users))
    assert requests_per_second(who(users), hour) / scale == pytest.approx(rate)


def test_without_a_rate_people_think_as_long_as_the_order_says() -> None:
    assert plan_think_scale(order(100, think_scale=0.5), who(100)) == 0.5


def test_this_machine_has_limits() -> None:
    here = Machine.here()
    assert here.cores >= 1
    assert here.files >= 256
    assert here.ports > 1000
    assert here.memory_mib > 0


def test_every_persona_of_every_branch_has_seats() -> None:
    assert {crowd.persona for crowd in who(20_000)} == set(Persona)
