"""What users saw of a drill: each harm that was done, and when they were served again."""

from __future__ import annotations

from evidence.drills import Moment
from evidence.records import FailureSecond
from release.drill_load import outages


def seconds(failed: dict[int, int], until: int = 60) -> list[FailureSecond]:
    return [
        FailureSecond(second=at, requests=100, failed=failed.get(at, 0)) for at in range(-10, until)
    ]


def done(**when: float) -> list[Moment]:
    return [Moment(what=what.replace("_", " "), second=second) for what, second in when.items()]


def test_users_are_served_again_after_the_last_second_that_broke_the_objective() -> None:
    moments = done(kill_main=0.4, promote_xuzhou=2.5, boot_main=20.0)
    (outage,) = outages(moments, seconds({0: 5, 1: 20, 3: 1, 30: 0}), 0.001)
    assert (outage.what, outage.second, outage.recovered_seconds) == ("kill main", 0.4, 4)


def test_each_harm_has_what_follows_it_until_the_next() -> None:
    moments = [
        *done(kill_main=0.4, promote_xuzhou=2.5),
        Moment(what="kill database xuzhou", second=40.2),
    ]
    first, second = outages(moments, seconds({1: 20, 40: 3, 41: 9, 42: 9}), 0.001)
    assert (first.recovered_seconds, second.recovered_seconds) == (2, 3)


def test_where_nothing_is_taken_away_there_is_no_outage() -> None:
    assert list(outages([], seconds({3: 5}), 0.001)) == []


def test_what_the_objective_allows_is_no_outage() -> None:
    (outage,) = outages(done(cut_main_xuzhou=0.2), seconds({1: 1}), 0.01)
    assert outage.recovered_seconds == 0


def test_failures_to_the_end_are_no_recovery() -> None:
    (outage,) = outages(done(kill_main=0.2), seconds({59: 2}), 0.001)
    assert outage.recovered_seconds is None
