from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.seating import Seating, users_ipv6
from province.audience import crowds, parse_account
from tests import worlds


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 13), st.integers(0, 2**32))
def test_every_seat_is_taken_exactly_once(users: int, workers: int, seed: int) -> None:
    who = crowds(worlds.province(), users)
    seating = Seating(who, seed)
    taken = []
    for rank in range(workers):
        ordinal = 0
        while (seat := seating.seat(rank, workers, ordinal)) is not None:
            taken.append(seat)
            ordinal += 1
        assert ordinal in {users // workers, -(-users // workers)}
    assert len(taken) == len(seating) == users
    assert len({seat.account for seat in taken}) == users
    for seat in taken:
        site, persona, index = parse_account(seat.account)
        assert (site, persona) == (seat.site, seat.persona)
        crowd = next(c for c in who if (c.site, c.persona) == (site, persona))
        assert index < crowd.users


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3000), st.integers(0, 2**32))
def test_a_tenth_or_more_of_each_site_that_speaks_it_comes_over_ipv6(users: int, seed: int) -> None:
    who = crowds(worlds.province(), users)
    speaking = frozenset({crowd.site for crowd in who} - {"suzhou"})
    seating = Seating(who, seed, speaking)
    seats = [seat for n in range(users) if (seat := seating.seat(0, 1, n))]
    everybody = Counter(seat.site for seat in seats)
    over_ipv6 = Counter(seat.site for seat in seats if seat.ipv6)
    assert over_ipv6["suzhou"] == 0
    for site in speaking:
        assert 0.1 * everybody[site] <= over_ipv6[site] == users_ipv6(everybody[site])
        assert over_ipv6[site] < 0.15 * everybody[site] + 1


def test_a_ramp_fills_all_sites_evenly() -> None:
    seating = Seating(crowds(worlds.province(), 20_000), seed=1)
    first = [seating.seat(0, 2, ordinal) for ordinal in range(1000)]
    assert len({seat.site for seat in first if seat}) == 13


def test_the_seed_decides_the_order() -> None:
    who = crowds(worlds.province(), 500)
    orders = [
        [Seating(who, seed).seat(0, 1, ordinal) for ordinal in range(500)] for seed in (1, 1, 2)
    ]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_200000_distinct_accounts() -> None:
    seating = Seating(crowds(worlds.province(), 200_000), seed=3)
    seats = (seating.seat(0, 1, ordinal) for ordinal in range(200_000))
    assert len({seat.account for seat in seats if seat}) == 200_000
    assert seating.seat(0, 1, 200_000) is None
