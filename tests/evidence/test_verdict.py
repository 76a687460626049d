"""The laws of merging: it does not matter in which order evidence is judged."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.verdict import ExitCode, Verdict, exit_code, merge

verdicts = st.sampled_from(Verdict)
some_verdicts = st.lists(verdicts, min_size=1)


@given(some_verdicts, some_verdicts, some_verdicts)
def test_merging_is_associative(a: list[Verdict], b: list[Verdict], c: list[Verdict]) -> None:
    assert merge([merge([*a, *b]), *c]) is merge([*a, merge([*b, *c])]) is merge([*a, *b, *c])


@given(some_verdicts, st.randoms(use_true_random=False))
def test_merging_is_commutative(found: list[Verdict], random: Random) -> None:
    shuffled = sorted(found, key=lambda _: random.random())
    assert merge(shuffled) is merge(found)


@given(some_verdicts)
def test_merging_is_idempotent(found: list[Verdict]) -> None:
    assert merge([*found, *found]) is merge(found)


@given(some_verdicts)
def test_fail_absorbs_everything(found: list[Verdict]) -> None:
    assert merge([*found, Verdict.FAIL]) is Verdict.FAIL


@given(some_verdicts)
def test_pass_is_neutral(found: list[Verdict]) -> None:
    assert merge([*found, Verdict.PASS]) is merge(found)


def test_nothing_is_unknown() -> None:
    assert merge([]) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict.PASS, ExitCode.PASS),
        (Verdict.FAIL, ExitCode.FAIL),
        (Verdict.UNKNOWN, ExitCode.UNKNOWN),
    ],
)
def test_each_verdict_has_its_exit_code(verdict: Verdict, code: ExitCode) -> None:
    assert exit_code(verdict) is code
    assert [int(c) for c in ExitCode] == [0, 1, 2, 3, 4, 130]
