"""The shape `site-loss`: which site it is, what its users do, and how it is told."""

from __future__ import annotations

import pytest

from evidence.records import FailureSecond, RecoveryRecord
from loadtests.courses import ShapeName
from loadtests.order import Loss
from release.crowd import Crowd
from release.errors import InputError
from release.site_loss import planned_loss
from release.wording import told_recovery
from tests import worlds


def crowd(shape: ShapeName, lost_site: str | None = None) -> Crowd:
    return Crowd(
        users=100, ramp_seconds=5, hold_seconds=5, seed=1, shape=shape, lost_site=lost_site
    )


def test_the_largest_branch_is_lost_to_its_backup_partner() -> None:
    found = planned_loss(crowd(ShapeName.SITE_LOSS), worlds.province())
    assert found == Loss(site="suzhou", partner="lianyungang")


def test_another_may_be_chosen() -> None:
    found = planned_loss(crowd(ShapeName.SITE_LOSS, "taizhou"), worlds.province())
    assert found == Loss(site="taizhou", partner="main")


def test_other_shapes_lose_none() -> None:
    assert planned_loss(crowd(ShapeName.HOLD), worlds.province()) is None


@pytest.mark.parametrize(
    ("shape", "site", "cause"),
    [
        (ShapeName.HOLD, "suzhou", "the shape hold loses no site"),
        (ShapeName.SITE_LOSS, "main", "main is no branch"),
        (ShapeName.SITE_LOSS, "shanghai", "shanghai is no branch"),
    ],
)
def test_what_cannot_be_lost_is_refused_at_once(shape: ShapeName, site: str, cause: str) -> None:
    with pytest.raises(InputError, match=cause) as caught:
        planned_loss(crowd(shape, site), worlds.province())
    assert caught.value.hint


def recovery(seconds: int | None) -> RecoveryRecord:
    return RecoveryRecord(
        site="suzhou",
        partner="lianyungang",
        users=1950,
        errors_ratio_max=0.001,
        requests=57_040,
        failed=1951,
        recovered_seconds=seconds,
        seconds=(FailureSecond(second=0, requests=10, failed=1),),
    )


def test_a_recovery_is_told_in_a_sentence() -> None:
    assert told_recovery(recovery(9)) == (
        "The edge of suzhou was lost with 1,950 users, who turned to that of lianyungang: 1,951 of "
        "the 57,040 requests of all users failed from then on; after 9 s failures were back within "
        "0.1 % and stayed there"
    )
    assert "did not come back within 0.1 % before the hold ended" in told_recovery(recovery(None))
