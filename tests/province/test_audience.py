from __future__ import annotations

import base64
import hashlib
import hmac
import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from province.audience import (
    Persona,
    account,
    apportion,
    crowds,
    parse_account,
    password,
)
from tests import worlds

SITES = st.sampled_from([site.id for site in worlds.province().sites])
INDEXES = st.integers(0, 10**9)


@given(st.integers(0, 10**7), st.lists(st.integers(0, 10**7), min_size=1, max_size=20))
def test_shares_add_up_and_are_within_one_of_exact(total: int, weights: list[int]) -> None:
    assume(sum(weights))
    shares = apportion(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * sum(weights) - total * weight) < sum(weights)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 1000), min_size=2, max_size=9))
def test_a_heavier_weight_never_gets_less(total: int, weights: list[int]) -> None:
    assume(sum(weights))
    ranked = sorted(zip(weights, apportion(total, weights), strict=True))
    for (lighter, fewer), (heavier, more) in itertools.pairwise(ranked):
        assert fewer <= more or lighter == heavier


def test_equal_remainders_go_to_the_earlier() -> None:
    assert apportion(2, [1, 1, 1]) == (1, 1, 0)


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, []), (1, [0, 0])])
def test_what_cannot_be_shared_is_refused(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="cannot share"):
        apportion(total, weights)


@given(st.integers(0, 400_000))
def test_crowds_hold_exactly_the_users_asked_for(users: int) -> None:
    found = crowds(worlds.province(), users)
    assert sum(crowd.users for crowd in found) == users
    assert all(crowd.users > 0 for crowd in found)
    assert len({(crowd.site, crowd.persona) for crowd in found}) == len(found)


@given(st.integers(13 * 10, 400_000))
def test_every_persona_is_at_every_branch(users: int) -> None:
    found = {(crowd.site, crowd.persona) for crowd in crowds(worlds.province(), users)}
    branches = [site.id for site in worlds.province().branches]
    assert found == {(site, persona) for site in branches for persona in Persona}


@given(st.integers(13 * 10, 400_000))
def test_a_branch_gets_its_share(users: int) -> None:
    jiangsu = worlds.province()
    for site in jiangsu.branches:
        here = sum(crowd.users for crowd in crowds(jiangsu, users) if crowd.site == site.id)
        assert abs(here - users * site.users_concurrent / jiangsu.users_concurrent) < 1


def test_crowds_of_the_promise_follow_the_audience() -> None:
    found = {(one.site, one.persona): one.users for one in crowds(worlds.province(), 200_000)}
    students, teachers = found["suzhou", Persona.STUDENT], found["suzhou", Persona.TEACHER]
    assert students / teachers == pytest.approx(14, rel=0.01)
    assert found["suzhou", Persona.SCHOOL_ADMINISTRATOR] == 684
    assert found["suzhou", Persona.COUNTY_ADMINISTRATOR] == 7


def test_few_users_are_students_first() -> None:
    assert {crowd.persona for crowd in crowds(worlds.small(), 3)} == {Persona.STUDENT}


def test_a_branch_without_audience_has_students_alone() -> None:
    world = worlds.with_site(worlds.small(), "xuzhou", audience=None)
    here = {one.persona: one.users for one in crowds(world, 300) if one.site == "xuzhou"}
    assert here == {
        Persona.STUDENT: 97,
        Persona.TEACHER: 1,
        Persona.SCHOOL_ADMINISTRATOR: 1,
        Persona.COUNTY_ADMINISTRATOR: 1,
    }


def test_an_account_reads_as_its_person() -> None:
    assert account("suzhou", Persona.STUDENT, 42) == "suzhou-student-000042"


@given(
    SITES | st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True),
    st.sampled_from(Persona),
    INDEXES,
)
def test_an_account_can_be_parsed_again(site: str, persona: Persona, index: int) -> None:
    assert parse_account(account(site, persona, index)) == (site, persona, index)


@given(st.text() | st.from_regex(r"[a-z-]{1,9}-(student|teacher|county-administrator)-\d{1,9}"))
def test_what_parses_is_an_account(text: str) -> None:
    try:
        parsed = parse_account(text)
    except ValueError:
        return
    assert account(*parsed) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "suzhou",
        "suzhou-student",
        "suzhou-student-42",
        "suzhou-student-0000042",
        "suzhou-pupil-000042",
        "-student-000042",
        "Suzhou-student-000042",
        "suzhou-student-000042\n",
        "suzhou-student-00004٢",
    ],
)
def test_what_is_no_account_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an account"):
        parse_account(text)


def test_a_negative_index_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        account("suzhou", Persona.STUDENT, -1)


def test_a_password_is_the_hmac_of_the_account() -> None:
    digest = hmac.new(b"secret", b"suzhou-student-000042", hashlib.sha256).digest()
    expected = base64.b32encode(digest).decode()[:16]
    assert password(b"secret", "suzhou-student-000042") == expected


@given(st.binary(min_size=1, max_size=32), SITES, st.sampled_from(Persona), INDEXES)
def test_passwords_are_sixteen_plain_characters(
    secret: bytes, site: str, persona: Persona, index: int
) -> None:
    given_out = password(secret, account(site, persona, index))
    assert len(given_out) == 16
    assert given_out.isalnum()
    assert given_out != password(secret + b"x", account(site, persona, index))
