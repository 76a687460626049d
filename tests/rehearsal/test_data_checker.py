"""Each acknowledged write is accounted for, and what may not be is said."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from province.holdings import Engine
from rehearsal.data.accounts import Fate, Holdings, Piece, account
from rehearsal.data.checker import Checked, Duty, check
from rehearsal.data.errors import DataError
from rehearsal.data.figures import errors_by_second, losses, rpo_seconds, rto_seconds
from rehearsal.data.ledger import Entries
from tests.rehearsal.data_world import (
    MemoryPlace,
    acknowledged,
    entries,
    failed,
    happened,
    pieces,
    read,
)

WRITES = tuple(acknowledged(number, at=float(number)) for number in range(1, 11))
KILLED = happened("kill", "main", at=10.5)


def duty(
    *places: MemoryPlace,
    engine: Engine = Engine.OBJECTS,
    is_synchronous: bool = False,
    is_source_standing: bool = False,
) -> Duty:
    return Duty(
        engine=engine,
        site="main",
        sites=("main",),
        partner="xuzhou",
        is_synchronous=is_synchronous,
        is_source_standing=is_source_standing,
        places=places,
    )


def checked(*duties: Duty, told: Entries) -> Sequence[Checked]:
    return asyncio.run(check("site-dies", duties, told, rpo_seconds_max=10, catch_up_seconds=0.01))


@given(st.lists(st.sampled_from(("kept", "lost", "duplicated", "corrupted")), min_size=1))
def test_every_write_has_the_fate_that_befell_it(fates: list[str]) -> None:
    writes = [acknowledged(number) for number in range(len(fates))]
    found = []
    for write, fate in zip(writes, fates, strict=True):
        own = Piece(place=write.place, key=write.key, sha256=write.sha256)
        other = Piece(place=write.place, key=f"{write.key}-again", sha256=write.sha256)
        wrong = Piece(place=write.place, key=write.key, sha256="0" * 64)
        found += {"kept": [own], "lost": [], "duplicated": [own, other], "corrupted": [wrong]}[fate]
    told = account(writes, [Holdings(site="xuzhou", pieces=tuple(found))])
    assert [told.fates[write.place, write.key] for write in writes] == fates
    assert sum(told.count(fate) for fate in Fate) == len(writes)


def test_of_two_places_the_worse_one_counts() -> None:
    whole, lacking = pieces(*WRITES, site="main"), pieces(*WRITES[:7])
    assert account(WRITES, [whole, lacking]).count(Fate.LOST) == 3
    assert account(WRITES, [lacking, whole]).count(Fate.LOST) == 3


def test_what_nobody_acknowledged_is_nobodys_loss() -> None:
    assert account((), [pieces(*WRITES)]).is_whole


def test_an_asynchronous_copy_may_lack_the_last_writes_before_a_loss() -> None:
    (found,) = checked(
        duty(MemoryPlace("xuzhou", pieces(*WRITES[:8]))), told=entries(*WRITES, KILLED)
    )
    assert (found.record.kept, found.record.lost) == (8, 2)
    assert found.record.rpo_seconds == pytest.approx(1.5)
    assert found.faults == ()


def test_replication_that_was_silently_off_is_a_fault() -> None:
    writes = tuple(acknowledged(number, at=float(number)) for number in range(1, 30))
    killed = happened("kill", "main", at=29.5)
    (found,) = checked(duty(MemoryPlace("xuzhou", pieces())), told=entries(*writes, killed))
    assert found.record.lost == 29
    assert "the oldest 28.5 s before the loss (10 s at most)" in found.faults[0]


@pytest.mark.parametrize(
    ("place", "options", "fault"),
    [
        (pieces(*WRITES[:9]), {"is_synchronous": True}, "each was confirmed by another site"),
        (pieces(*WRITES[:9]), {"is_source_standing": True}, "no site was lost"),
        (
            Holdings(
                site="xuzhou",
                pieces=(
                    *pieces(*WRITES).pieces,
                    Piece(place="bucket", key="another", sha256=WRITES[0].sha256),
                ),
            ),
            {},
            "there more than once",
        ),
        (
            Holdings(
                site="xuzhou",
                pieces=(
                    *pieces(*WRITES[1:]).pieces,
                    Piece(place="bucket", key=WRITES[0].key, sha256="0" * 64),
                ),
            ),
            {},
            "have other bytes",
        ),
    ],
)
def test_what_may_not_be_is_said(place: Holdings, options: dict[str, bool], fault: str) -> None:
    told = entries(*WRITES, KILLED)
    (found,) = checked(duty(MemoryPlace("xuzhou", place), **options), told=told)
    assert len(found.faults) == 1
    assert fault in found.faults[0]


def test_a_copy_that_lags_is_waited_for_while_its_source_stands() -> None:
    place = MemoryPlace("xuzhou", pieces(*WRITES[:5]), pieces(*WRITES))
    waiting = check(
        "link-cut",
        [duty(place, is_source_standing=True)],
        entries(*WRITES),
        rpo_seconds_max=10,
        catch_up_seconds=5,
    )
    (found,) = asyncio.run(waiting)
    assert found.record.kept == 10
    assert place.looks == 2


def test_writes_that_nobody_can_answer_for_are_no_account() -> None:
    with pytest.raises(DataError, match="nobody is left to answer for the objects of main"):
        checked(duty(), told=entries(*WRITES, KILLED))


def test_reads_are_answered_again_once_the_copy_answers_for_good() -> None:
    told = entries(
        read(9.0),
        happened("kill objects", "main", at=10.0),
        failed(10.4, engine=Engine.OBJECTS, does="read"),
        read(10.5, answered_by="xuzhou"),
        failed(11.0, engine=Engine.OBJECTS, does="read"),
        failed(11.2, engine=Engine.OBJECTS, does="read", site="suzhou"),
        failed(40.0, engine=Engine.OBJECTS, does="write"),
        read(11.5, answered_by="xuzhou"),
        read(11.9, answered_by="xuzhou"),
        failed(50.0, engine=Engine.OBJECTS, does="read").model_copy(update={"error": "NoSuchKey"}),
        read(50.1, answered_by="xuzhou"),
    )
    (loss,) = losses(told, Engine.OBJECTS)
    assert rto_seconds(told, Engine.OBJECTS, loss) == pytest.approx(1.5)  # what is lost is no wait
    assert errors_by_second(told, Engine.OBJECTS, {"main"}) == {10: 1, 11: 1, 40: 1, 50: 1}


def test_writes_to_the_database_are_answered_again_by_the_one_that_was_promoted() -> None:
    by_main = acknowledged(1, engine=Engine.DATABASE, at=10.1)
    by_xuzhou = acknowledged(2, engine=Engine.DATABASE, at=22.0, answered_by="xuzhou")
    told = entries(
        happened("kill", "main", at=10.0),
        by_main,
        failed(15.0, engine=Engine.DATABASE, does="write"),
        by_xuzhou,
    )
    (loss,) = losses(told, Engine.DATABASE)
    assert rto_seconds(told, Engine.DATABASE, loss) == pytest.approx(12.0)


def test_errors_after_the_next_loss_are_its_own() -> None:
    told = entries(
        happened("kill database", "main", at=10.0),
        acknowledged(1, engine=Engine.DATABASE, at=12.0, answered_by="xuzhou"),
        happened("kill database", "xuzhou", at=20.0),
        failed(21.0, engine=Engine.DATABASE, does="write"),
        acknowledged(2, engine=Engine.DATABASE, at=25.0, answered_by="main"),
    )
    first, second = losses(told, Engine.DATABASE)
    assert rto_seconds(told, Engine.DATABASE, first) == pytest.approx(2.0)
    assert rto_seconds(told, Engine.DATABASE, second) == pytest.approx(5.0)


def test_who_was_never_answered_again_has_no_time() -> None:
    told = entries(happened("kill database", "main", at=10.0))
    (loss,) = losses(told, Engine.DATABASE)
    assert rto_seconds(told, Engine.DATABASE, loss) is None
    assert losses(told, Engine.OBJECTS) == ()


def test_what_was_lost_without_the_loss_of_a_site_has_no_age() -> None:
    assert rpo_seconds(WRITES[:1], None) is None
    assert rpo_seconds((), None) == 0
