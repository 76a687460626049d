"""The placement stage: each site is taken away in turn, and its partner takes its users over.

Losses are independent of each other: each is acted out in its partner's control plane alone,
and the partner is back at its plan before the next loss that it has a part in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evidence.records import PlacementRecord
from evidence.run import RunFolder
from evidence.verdict import Verdict
from infra.fleet.engine import SiteTarget
from infra.fleet.placement import act_out
from province.losses import Loss, losses
from province.province import Province
from release.narrator import Step


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacementStage:
    """The province, its standing sites, and at how many of them is looked at once."""

    province: Province
    targets: Sequence[SiteTarget]
    parallel: int
    _records: list[PlacementRecord] = field(default_factory=list, init=False)

    async def run(self, run: RunFolder, on_step: Callable[[Step], None]) -> tuple[Verdict, str]:
        """Appends a record for each loss, and says what came of all of them."""
        turns = asyncio.Semaphore(self.parallel)
        partners = {target.plan.site: asyncio.Lock() for target in self.targets}
        try:
            async with asyncio.TaskGroup() as group:
                for loss in losses(self.province):
                    group.create_task(self._lose(loss, partners, turns, run, on_step))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None  # one failure cancels the others
        return _outcome(self._records)

    async def _lose(
        self,
        loss: Loss,
        partners: dict[str, asyncio.Lock],
        turns: asyncio.Semaphore,
        run: RunFolder,
        on_step: Callable[[Step], None],
    ) -> None:
        target = next(target for target in self.targets if target.plan.site == loss.partner)
        async with partners[loss.partner], turns:
            record = await act_out(loss, target)
        run.append(record)
        self._records.append(record)
        on_step(
            Step(
                done=len(self._records),
                total=len(self.province.sites),
                text=f"without {loss.lost}: {record.pods_bound} of {record.pods_wanted} pods "
                f"placed at {loss.partner}",
            )
        )


def _outcome(records: Sequence[PlacementRecord]) -> tuple[Verdict, str]:
    for record in records:
        if record.error is None and record.pods_pending:
            why = f" ({record.reasons[0]})" if record.reasons else ""
            return Verdict.FAIL, (
                f"without {record.lost}, {record.pods_pending} of {record.pods_wanted} pods "
                f"find no place at {record.partner}{why}"
            )
    for record in records:
        if record.error is not None or not record.restored:
            said = record.error or "it did not come back to its plan"
            return Verdict.UNKNOWN, f"without {record.lost}: {record.partner}: {said}"
    pods = max(record.pods_wanted for record in records)
    return Verdict.PASS, (
        f"without any one of {len(records)} sites every pod has a place (up to {pods} at a site)"
    )
