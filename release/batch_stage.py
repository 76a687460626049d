"""The jobs stage: queue controllers are started, and a batch is sent through one queue.

They run at the main center and at the branches behind that queue alone: 24 to 30 MiB each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence.records import BatchRecord
from evidence.run import RunFolder
from evidence.verdict import Verdict
from infra.fleet.batch import send
from infra.fleet.engine import SiteTarget
from infra.plan.batch import plan_batch
from infra.plan.values import FleetPlan
from rehearsal.machine_room.queueing import QueueAssets
from rehearsal.machine_room.room import MachineRoom
from rehearsal.toolchain.pins import QUEUE_DEFINITIONS, QUEUE_ROLE
from release.narrator import Step

ASSETS = (QUEUE_DEFINITIONS.name, QUEUE_ROLE.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchStage:
    """The standing fleet, the room that it stands in, and Kueue's own files."""

    fleet: FleetPlan
    targets: Sequence[SiteTarget]
    room: MachineRoom
    assets: Mapping[str, Path]

    async def run(self, run: RunFolder, on_step: Callable[[Step], None]) -> tuple[Verdict, str]:
        """Appends the batch's record and says what came of it. Raises ProcessError."""
        batch = plan_batch(self.fleet)
        main, *branches = self.targets
        ends = [target for target in branches if target.plan.site in batch.clusters]
        on_step(Step(done=0, total=2, text=f"starting Kueue at main and {len(ends)} branches"))
        await self.room.start_queues(
            QueueAssets(
                definitions=self.assets[QUEUE_DEFINITIONS.name], role=self.assets[QUEUE_ROLE.name]
            ),
            main.plan.site,
            batch.clusters,
        )
        on_step(Step(done=1, total=2, text=f"sending {batch.jobs} jobs through {batch.queue}"))
        record = await send(batch, main, ends)
        run.append(record)
        return _outcome(record)


def _outcome(record: BatchRecord) -> tuple[Verdict, str]:
    sites = sum(count > 0 for count in record.landed.values())
    told = (
        f"{record.completed} of {record.jobs} jobs ran at {sites} of {len(record.sites)} sites "
        f"through {record.queue}"
    )
    if record.error is not None:
        return Verdict.UNKNOWN, record.error
    if record.completed < record.jobs or record.refusal is None:
        return Verdict.FAIL, told
    if not record.cleared:
        return Verdict.UNKNOWN, f"{told}, and what was left of them did not go away"
    return Verdict.PASS, f"{told} in {record.batch_seconds:.0f} s"
