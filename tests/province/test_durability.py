from __future__ import annotations

import math
import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from province.durability import (
    FailureRates,
    RepairTimes,
    durability,
    mttdl_years,
    nines,
    placement_groups,
)
from province.storage import METADATA, RESOURCES, Pool

RATES = st.floats(1e-4, 10)
REPAIRS = st.floats(1e-5, 10)
HISTORIES = 3_000


def lost_after_years(
    units: int, tolerated: int, failures: float, repair: float, seed: int
) -> float:
    """One history, machine by machine: no states, no formula. Repairs go in order of the losses."""
    chance = random.Random(seed)  # noqa: S311 - histories, not secrets
    fails_at = [chance.expovariate(failures) for _ in range(units)]
    waiting: list[int] = []
    repaired_at = math.inf
    while True:
        unit = min(range(units), key=fails_at.__getitem__)
        now = min(fails_at[unit], repaired_at)
        if repaired_at == now:
            mended = waiting.pop(0)
            fails_at[mended] = now + chance.expovariate(failures)
        else:
            fails_at[unit] = math.inf
            waiting.append(unit)
            if len(waiting) > tolerated:
                return now
        if len(waiting) == 1 or repaired_at == now:
            repaired_at = now + chance.expovariate(1 / repair) if waiting else math.inf


@pytest.mark.parametrize(
    ("units", "tolerated", "failures", "repair"),
    [(6, 2, 1.0, 0.1), (6, 2, 2.0, 0.05), (2, 1, 1.0, 0.2), (3, 2, 1.0, 0.5), (11, 3, 0.5, 0.2)],
    ids=["4+2", "4+2 worn", "two sites", "three copies", "8+3"],
)
def test_histories_of_machines_last_as_long_as_the_formula_says(
    units: int, tolerated: int, failures: float, repair: float
) -> None:
    # Failures are accelerated by some hundreds, so that histories are short; the formula has no
    # rate at which it begins to hold. A history's spread is about its mean: 4 sigma are 7 %.
    seen = fmean(
        lost_after_years(units, tolerated, failures, repair, seed) for seed in range(HISTORIES)
    )
    sigmas = 4 / math.sqrt(HISTORIES)
    assert mttdl_years(units, tolerated, failures, repair) == pytest.approx(seen, rel=sigmas)


def both_lost_after_years(rates: FailureRates, repair: RepairTimes, seed: int) -> float:
    """One history of an object at two sites, each with its disks, hosts and disasters."""
    chance = random.Random(seed)  # noqa: S311 - histories, not secrets
    lost_at, back_at = [0.0, 0.0], [0.0, 0.0]
    gaps = [0.0, 0.0]

    def live(site: int) -> None:
        disaster = chance.expovariate(rates.site)
        seed_of_site = chance.getrandbits(32)
        machines = lost_after_years(6, 2, rates.disk + rates.host, repair.host, seed_of_site)
        gaps[site] = repair.site if disaster < machines else repair.copy
        lost_at[site] = back_at[site] + min(disaster, machines)

    live(0)
    live(1)
    while True:
        site = 0 if lost_at[0] < lost_at[1] else 1
        if back_at[1 - site] > lost_at[site]:
            return lost_at[site]
        back_at[site] = lost_at[site] + chance.expovariate(1 / gaps[site])
        live(site)


def test_histories_of_two_sites_last_as_long_as_the_model_says() -> None:
    rates = FailureRates(disk=0.6, host=0.4, site=0.1)
    repair = RepairTimes(host=0.05, copy=0.1, site=0.5)
    histories = 600
    seen = fmean(both_lost_after_years(rates, repair, seed) for seed in range(histories))
    modelled = durability(RESOURCES, 84, rates, repair).sites_years
    assert modelled == pytest.approx(seen, rel=4 / math.sqrt(histories))


@given(st.integers(2, 40), RATES, REPAIRS)
def test_one_tolerated_loss_is_the_formula_of_mirrors_and_parity(
    units: int, failures: float, repair: float
) -> None:
    r, f, n = 1 / repair, failures, units
    expected = ((2 * n - 1) * f + r) / (n * (n - 1) * f**2)
    assert mttdl_years(n, 1, f, repair) == pytest.approx(expected)


@given(st.integers(3, 30), st.integers(1, 2))
def test_quick_repairs_give_chens_approximation(units: int, tolerated: int) -> None:
    failures, repair = 0.02, 1e-6
    ways = math.prod(units - lost for lost in range(tolerated + 1))
    expected = 1 / (ways * failures ** (tolerated + 1) * repair**tolerated)
    assert mttdl_years(units, tolerated, failures, repair) == pytest.approx(expected, rel=1e-3)


@given(st.integers(2, 20), st.data(), RATES, REPAIRS)
def test_what_helps_helps(units: int, data: st.DataObject, failures: float, repair: float) -> None:
    tolerated = data.draw(st.integers(1, units - 1))
    lasts = mttdl_years(units, tolerated, failures, repair)
    assert lasts > mttdl_years(units, tolerated - 1, failures, repair)
    assert lasts > mttdl_years(units, tolerated, failures * 1.1, repair)
    assert lasts > mttdl_years(units, tolerated, failures, repair * 1.1)
    assert lasts >= mttdl_years(units, tolerated, failures, math.inf)


def test_nines_are_nines() -> None:
    assert nines(1_000) == pytest.approx(3, abs=0.001)
    assert nines(1e11) == pytest.approx(11)
    assert nines(1e-3) == pytest.approx(0)


def test_an_object_is_kept_by_more_than_its_own_disks() -> None:
    repair = RepairTimes(host=5e-3, copy=0.01, site=1.0)
    seen = durability(RESOURCES, 84, FailureRates(), repair)
    assert seen.site_years < 1_000 < seen.sites_years < seen.machines_years
    assert seen.first_group_years == pytest.approx(seen.machines_years / (84 * 100 / 6))


def test_without_a_partner_in_reach_the_copy_is_never_made_again() -> None:
    quick = RepairTimes(host=5e-3, copy=0.01, site=1.0)
    never = RepairTimes(host=5e-3, copy=math.inf, site=math.inf)
    kept, lost = (durability(RESOURCES, 84, FailureRates(), one) for one in (quick, never))
    assert lost.sites_years == pytest.approx(lost.site_years * 1.5)
    assert kept.sites_years > 100 * lost.sites_years


@pytest.mark.parametrize("pool", [RESOURCES, METADATA], ids=lambda pool: pool.name)
def test_a_disk_has_part_in_a_hundred_groups(pool: Pool) -> None:
    groups = placement_groups(pool, 84)
    assert groups * (pool.chunks_data + pool.chunks_coding) / 84 == pytest.approx(100)
    assert placement_groups(pool, 0) == 1
