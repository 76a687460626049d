"""The loss of a site under load: which one, when its edge is taken away, and what came of it."""

from __future__ import annotations

import asyncio
import time

from evidence.load import LoadPhase, SiteLossRecord
from evidence.run import RunFolder
from loadtests.courses import ShapeName
from loadtests.order import LoadOrder, Loss
from loadtests.planning import users_by_site
from loadtests.progress import LoadProgress
from province.audience import crowds
from province.province import Province
from rehearsal.edge.edge import Edge
from release.crowd import Crowd
from release.errors import InputError


def planned_loss(crowd: Crowd, province: Province) -> Loss | None:
    """The site that is lost and its backup partner; None where the shape loses none.

    Without a choice it is the branch with the most users. Raises InputError.
    """
    if crowd.shape is not ShapeName.SITE_LOSS:
        if crowd.lost_site is not None:
            raise InputError(
                f"--lost-site is given, but the shape {crowd.shape} loses no site",
                f"add --shape {ShapeName.SITE_LOSS}",
            )
        return None
    branches = {site.id: site for site in province.branches}
    lost = crowd.lost_site or max(branches.values(), key=lambda site: site.users_concurrent).id
    if lost not in branches:
        raise InputError(
            f"{lost} is no branch whose users could be lost",
            f"the branches are {', '.join(branches)}",
        )
    return Loss(site=lost, partner=branches[lost].backup_partner)


class SiteLoss:
    """Ends a site's edge in the middle of the hold, at once, and notes when.

    The kernel stays and says that nobody listens, so that users hear of it with their next
    request; of a site without power they would hear after their time for connecting.
    """

    def __init__(self, order: LoadOrder, province: Province, edge: Edge, run: RunFolder) -> None:
        self._order = order
        self._province = province
        self._edge = edge
        self._run = run
        self._act: asyncio.Task[None] | None = None

    def on_progress(self, progress: LoadProgress) -> None:
        """Looks at the time: in the middle of the hold the act begins, once."""
        in_hold = progress.phase is LoadPhase.HOLD
        due = in_hold and progress.seconds_left <= self._order.loss_seconds_left
        if due and self._act is None:
            self._act = asyncio.create_task(self._take_away())

    async def over(self) -> None:
        """Waits for the act, if it has begun. Raises what went wrong with it."""
        if self._act is not None:
            await self._act

    async def _take_away(self) -> None:
        loss = self._order.loss
        assert loss is not None  # noqa: S101 - the order's shape is site-loss
        users = users_by_site(crowds(self._province, self._order.users))
        objectives = self._province.objectives.journeys
        self._run.append(
            SiteLossRecord(
                site=loss.site,
                partner=loss.partner,
                users=users.get(loss.site, 0),
                lost_at=time.time(),
                errors_ratio_max=min(journey.errors_ratio_max for journey in objectives),
            )
        )
        await self._edge.stop()
