"""What users saw around the loss of a site: failures by second, and when they were over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evidence.load import LoadPhase, LoadSecondRecord, SiteLossRecord
from evidence.records import FailureSecond, RecoveryRecord
from loadtests.analysis import Evidence

SECONDS_BEFORE = 10
"""So many seconds before the loss are kept beside those after it, to compare."""


def recoveries(evidence: Evidence) -> tuple[RecoveryRecord, ...]:
    """One for each site that was lost."""
    held = [sample for sample in evidence.seconds if sample.phase is LoadPhase.HOLD]
    return tuple(_recovery(loss, held) for loss in evidence.losses)


def _recovery(loss: SiteLossRecord, held: Iterable[LoadSecondRecord]) -> RecoveryRecord:
    seconds = failures_by_second(held, loss.lost_at)
    after = [second for second in seconds if second.second >= 0]
    return RecoveryRecord(
        site=loss.site,
        partner=loss.partner,
        users=loss.users,
        errors_ratio_max=loss.errors_ratio_max,
        requests=sum(second.requests for second in after),
        failed=sum(second.failed for second in after),
        recovered_seconds=recovered_seconds(after, loss.errors_ratio_max),
        seconds=seconds,
    )


def recovered_seconds(after: Sequence[FailureSecond], errors_ratio_max: float) -> int | None:
    """Seconds from the loss to the end of the last one that broke the objective.

    None where that is the last second of all, or where there is none.
    """
    broken = [one.second for one in after if one.failed > errors_ratio_max * one.requests]
    if not after or (broken and broken[-1] == after[-1].second):
        return None
    return broken[-1] + 1 if broken else 0


@dataclass(slots=True)
class _Sum:
    requests: int = 0
    failed: int = 0


def failures_by_second(
    held: Iterable[LoadSecondRecord], lost_at: float
) -> tuple[FailureSecond, ...]:
    """What each worker did since its sample before, in the second of the later one.

    Seconds count from that of `lost_at`; the first is `SECONDS_BEFORE` before it.
    """
    zero = int(lost_at)
    sums: Mapping[int, _Sum] = defaultdict(_Sum)
    before: dict[int, LoadSecondRecord] = {}
    for sample in held:
        earlier = before.get(sample.worker)
        before[sample.worker] = sample
        if earlier is not None and int(sample.at) - zero >= -SECONDS_BEFORE:
            total = sums[int(sample.at) - zero]
            total.requests += _ended(sample) - _ended(earlier)
            total.failed += _missed(sample) - _missed(earlier)
    return tuple(
        FailureSecond(second=second, requests=total.requests, failed=total.failed)
        for second, total in sorted(sums.items())
    )


def _ended(sample: LoadSecondRecord) -> int:
    return sample.completed + sample.failed


def _missed(sample: LoadSecondRecord) -> int:
    return sample.refused + sample.failed
