"""What drills say for their claims. A drill whose replication was silently off fails."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from evidence.drills import DrillFiguresRecord, DrillLoadRecord
from evidence.figure import ClaimVerdict
from evidence.records import Record
from evidence.verdict import Verdict
from release.claims.drills import figures_of_drills, seen_drills
from release.claims.site_loss import judge_site_loss
from release.claims.storage import judge_storage
from tests.release import accounts, runs

ROOM = tuple(
    runs.placement(site, partner)
    for site, partner in (("main", "suzhou"), ("suzhou", "xuzhou"), ("xuzhou", "main"))
)
DRILLED = (*ROOM, *accounts.drilled("site-loss"))


def judged(*more: Record) -> ClaimVerdict:
    return judge_site_loss(runs.gathered(*DRILLED, *more))


def of_site(engine: str = "objects", **changes: object) -> DrillFiguresRecord:
    return accounts.account("site-dies", engine, **changes)


def test_room_for_every_loss_and_all_drills_pass() -> None:
    claim = judged()
    assert claim.verdict is Verdict.PASS, claim.reason
    assert claim.reason.endswith("4 drills kept every write, a whole site's with 20,000 users")
    values = {name: figure.value for name, figure in claim.figures.items()}
    assert values["drills_run"] == 4
    assert values["writes_acknowledged"] == 8000
    assert values["writes_lost_synchronous"] == 0
    assert (values["objects_rto_max"], values["database_rto_max"]) == (2, 2)
    assert claim.figures["objects_rto_max"].objective == 5
    assert claim.figures["database_rto_max"].objective == 30


def test_a_few_young_writes_may_be_lost_where_copies_follow_and_are_counted() -> None:
    claim = judged(of_site(kept=988, lost=12, rpo_seconds=1.4))
    assert claim.verdict is Verdict.PASS, claim.reason
    assert claim.figures["writes_lost"].value == 12
    assert claim.figures["rpo_max"].value == 1.4


KILLED = {"what": "kill main", "second": 0.4}


@pytest.mark.parametrize(
    ("sabotaged", "said"),
    [
        (
            of_site(kept=0, lost=1000, rpo_seconds=9.0),
            "1,000 of 1,000 acknowledged writes are lost: nothing was copied to suzhou",
        ),
        (
            of_site(kept=400, lost=600, rpo_seconds=58.0),
            "600 of 1,000 acknowledged writes are lost, the oldest 58.0 s old, not 10",
        ),
        (
            of_site("database", kept=999, lost=1, rpo_seconds=0.1),
            "1 of 1,000 acknowledged writes are lost, though suzhou had them before they were",
        ),
    ],
)
def test_a_drill_whose_replication_was_silently_off_fails(
    sabotaged: DrillFiguresRecord, said: str
) -> None:
    claim = judged(sabotaged)
    assert claim.verdict is Verdict.FAIL
    assert f"drill site-dies: {sabotaged.engine} of main: {said}" in claim.reason
    drill = next(
        d for d in seen_drills(runs.gathered(*DRILLED, sabotaged)) if d.drill == "site-dies"
    )
    assert drill.verdict is Verdict.FAIL
    assert said in drill.reason


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (of_site(kept=999, duplicated=1), "1 of 1,000 acknowledged writes are there more than"),
        (of_site(kept=999, corrupted=1), "1 of 1,000 acknowledged writes came back with other"),
        (
            accounts.account("link-cut", kept=999, lost=1, rpo_seconds=0.1),
            "1 of 1,000 acknowledged writes are lost, though nothing was gone for good",
        ),
        (of_site(rto_seconds=5.1), "clients were answered again after 5.1 s, not 5"),
        (of_site("database", rto_seconds=31.0), "answered again after 31.0 s, not 30"),
        (
            accounts.load("site-dies", outages=[{**KILLED, "recovered_seconds": None}]),
            "drill site-dies: after kill main users were not served again",
        ),
        (
            accounts.load("site-dies", outages=[{**KILLED, "recovered_seconds": 31}]),
            "after kill main users were served again in 31 s, not 30",
        ),
        (
            accounts.ended("link-cut", verdict="FAIL", step=3, reason="step 3, Cut: it ended"),
            "drill link-cut: step 3, Cut: it ended",
        ),
    ],
)
def test_a_drill_that_showed_something_else_fails(record: Record, said: str) -> None:
    claim = judged(record)
    assert claim.verdict is Verdict.FAIL
    assert said in claim.reason


def test_a_neighbour_whose_servers_stood_owes_no_time() -> None:
    claim = judged(of_site(site="xuzhou", rto_seconds=None))
    assert claim.verdict is Verdict.PASS, claim.reason


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (of_site(kept=999, lost=1, rpo_seconds=None), "nobody measured how old they were"),
        (of_site(rto_seconds=None), "nobody measured when clients were answered again"),
        (of_site(writes_acknowledged=0, kept=0), "nobody wrote meanwhile"),
        (accounts.load("site-dies", worker_lag_ms_p99=21.0), "lost 0 workers and was 21 ms late"),
        (accounts.load("site-dies", workers_lost=1), "lost 1 workers"),
        (accounts.ended("link-cut", verdict="UNKNOWN", reason="broken off"), "link-cut: broken"),
    ],
)
def test_what_a_drill_did_not_see_is_unknown(record: Record, said: str) -> None:
    claim = judged(record)
    assert claim.verdict is Verdict.UNKNOWN
    assert said in claim.reason


def test_a_whole_site_that_died_without_users_is_not_yet_proof() -> None:
    claim = judge_site_loss(runs.gathered(*runs.without(DRILLED, DrillLoadRecord)))
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason == "no user was connected while the whole site died"


def test_a_drill_without_an_account_shows_nothing() -> None:
    claim = judge_site_loss(runs.gathered(*runs.without(DRILLED, DrillFiguresRecord)))
    assert claim.verdict is Verdict.UNKNOWN
    assert "drill site-dies: nobody accounted for database and objects" in claim.reason
    assert "drill link-cut: nobody accounted for people's data" in claim.reason


def test_drills_that_nobody_ran_are_named() -> None:
    some = [r for r in DRILLED if getattr(r, "drill", "") in {"", "site-dies"}]
    claim = judge_site_loss(runs.gathered(*some))
    assert claim.verdict is Verdict.UNKNOWN
    assert claim.reason == "nobody has drilled gateway-dies, database-primary-dies, link-cut"


def test_a_corrupted_copy_that_reached_a_reader_fails_the_claim_on_storage() -> None:
    read = accounts.account("object-corrupted", kept=999, corrupted=1)
    claim = judge_storage(runs.gathered(accounts.ended("object-corrupted"), read))
    assert claim.verdict is Verdict.FAIL
    assert claim.reason.startswith("drill object-corrupted: objects of main: 1 of 1,000")


DELETED = (
    accounts.ended("bucket-deleted"),
    accounts.account("bucket-deleted", rto_seconds=None),
)


def with_users(*recovered_seconds: int | None) -> Sequence[Record]:
    harms = ("overwrite main", "delete main")
    outages = [
        {"what": what, "second": at, "recovered_seconds": after}
        for at, (what, after) in enumerate(zip(harms, recovered_seconds, strict=True))
    ]
    return *DELETED, accounts.load("bucket-deleted", outages=outages)


def test_what_was_deleted_is_brought_back_in_its_own_time() -> None:
    """Users went from one mistake into the next, and were served again once all was put back."""
    evidence = runs.gathered(*with_users(None, 90))
    (seen,) = seen_drills(evidence)
    assert seen.verdict is Verdict.PASS, seen.reason
    figures = figures_of_drills(evidence, "backup")
    assert figures["users_errors"].value == 40
    assert "users_recovered_max" not in figures, "nobody promises a time for it"


def test_what_users_never_got_back_fails_any_drill() -> None:
    (seen,) = seen_drills(runs.gathered(*with_users(3, None)))
    assert seen.verdict is Verdict.FAIL
    assert seen.reason == "after delete main users were not served again"


def test_users_of_a_late_generator_show_nothing_in_any_drill() -> None:
    late = accounts.load("bucket-deleted", worker_lag_ms_p99=21.0)
    (seen,) = seen_drills(runs.gathered(*DELETED, late))
    assert seen.verdict is Verdict.UNKNOWN


def test_a_drill_by_itself_is_a_rehearsal_too() -> None:
    claim = judge_site_loss(runs.gathered(*DRILLED, scope="drill"))
    assert claim.where == "rehearsed (this machine; object stores and databases alone)"


def test_a_runbook_that_is_no_claims_drill_owes_no_account() -> None:
    (seen,) = seen_drills(runs.gathered(accounts.ended("more-storage")))
    assert seen.verdict is Verdict.PASS
