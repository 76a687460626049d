"""Users at work while a drill goes on, and what they saw of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from evidence.drills import DrillLoadRecord, Moment, Outage
from evidence.load import LoadPhase, LoadPhaseRecord, LoadSecondRecord
from evidence.records import FailureSecond, LoadRecord
from evidence.run import RunFolder
from loadtests.order import LoadOrder, Target
from loadtests.progress import LoadProgress
from loadtests.recovery import failures_by_second, recovered_seconds
from loadtests.run import run_load
from processes.supervisor import Supervisor
from province.reader import read
from rehearsal.data.figures import KILL
from rehearsal.data.ledger import Happened, all_ledgers, read_ledger
from rehearsal.data.status import WorldStatus
from release.crowd import usual_ramp_seconds
from release.load_stage import step_of
from release.narrator import Step

HOLD_SECONDS_MAX = 3600.0
"""The drill ends the hold."""
_HARM = (KILL, "cut", "fill", "corrupt", "delete", "overwrite")


@dataclass(frozen=True, kw_only=True, slots=True)
class DrillLoad:
    """All users of the standing world `status` tells of, while `drill` is carried out into `run`.

    `ledgers` is the folder in which the world notes what is done to it. Think times are multiplied
    by `think_scale`.
    """

    drill: str
    status: WorldStatus
    ledgers: Path
    province_file: Path
    run: RunFolder
    think_scale: float

    @asynccontextmanager
    async def at_work(
        self, supervisor: Supervisor, on_step: Callable[[Step], None]
    ) -> AsyncIterator[None]:
        """From when all users are connected; at the end they go, and what they saw is kept.

        Raises LoadError.
        """
        folder, held = self._new_folder(), asyncio.Event()
        order = self._order(folder.path / "end")

        def on_progress(progress: LoadProgress) -> None:
            if progress.phase is LoadPhase.HOLD:
                held.set()
            elif not held.is_set():
                on_step(step_of(progress))

        load = asyncio.create_task(run_load(order, supervisor, folder, on_progress))
        holding = asyncio.create_task(held.wait())
        try:
            await asyncio.wait({load, holding}, return_when=asyncio.FIRST_COMPLETED)
            if load.done():
                await load
            yield
            (folder.path / "end").touch()
            self.run.append(self._record(await load, folder))
        finally:
            for task in (load, holding):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def _new_folder(self) -> RunFolder:
        """Beside the run's own records: a run folder has those of one load run at most."""
        paths = (self.run.path / f"load-{self.drill}-{number}" for number in count(1))
        path = next(path for path in paths if not path.exists())
        path.mkdir()
        return RunFolder(path)

    def _order(self, end_file: Path) -> LoadOrder:
        status = self.status
        assert status.secret_file is not None  # noqa: S101 - every world that stands has one
        return LoadOrder(
            users=status.users,
            ramp_seconds=usual_ramp_seconds(status.users),
            hold_seconds=HOLD_SECONDS_MAX,
            think_scale=self.think_scale,
            targets=tuple(
                Target(site=one.site, hostname=one.hostname, address=one.address, port=one.port)
                for one in status.entrances
            ),
            ca_file=status.ca_file,
            secret_file=status.secret_file,
            province_file=self.province_file,
            end_file=end_file,
        )

    def _record(self, load: LoadRecord, folder: RunFolder) -> DrillLoadRecord:
        objectives = read(self.province_file).objectives.journeys
        ratio = min(journey.errors_ratio_max for journey in objectives)
        began = next(
            one.began_at for one in folder.read(LoadPhaseRecord) if one.phase is LoadPhase.HOLD
        )
        done = self._done_since(began)
        zero = done[0].at if done else began
        held = (one for one in folder.read(LoadSecondRecord) if one.phase is LoadPhase.HOLD)
        seconds = failures_by_second(held, zero)
        moments = [Moment(what=_told(one), second=one.at - int(zero)) for one in done]
        return DrillLoadRecord(
            drill=self.drill,
            users=load.users_connected_peak,
            users_held_min=load.users_held_min,
            requests=sum(one.requests for one in seconds),
            failed=sum(one.failed for one in seconds),
            errors_ratio_max=ratio,
            seconds=seconds,
            moments=tuple(moments),
            outages=tuple(outages(moments, seconds, ratio)),
            workers_lost=load.workers_lost,
            worker_lag_ms_p99=load.worker_lag_ms_p99,
            folder=folder.path.name,
        )

    def _done_since(self, began: float) -> list[Happened]:
        entries = [read_ledger(path).of(Happened) for path in all_ledgers(self.ledgers)]
        return sorted((one for some in entries for one in some if one.at >= began), key=_at)


def outages(
    moments: Sequence[Moment], seconds: Sequence[FailureSecond], errors_ratio_max: float
) -> Iterator[Outage]:
    """Each harm that was done, with what users saw from then until the next harm."""
    harms = [one for one in moments if one.what.startswith(_HARM)]
    for number, harm in enumerate(harms, 1):
        until = int(harms[number].second) if number < len(harms) else float("inf")
        seen = [
            one.model_copy(update={"second": one.second - int(harm.second)})
            for one in seconds
            if int(harm.second) <= one.second < until
        ]
        yield Outage(
            what=harm.what,
            second=harm.second,
            recovered_seconds=recovered_seconds(seen, errors_ratio_max),
        )


def _told(happened: Happened) -> str:
    return " ".join((happened.what, *happened.sites))


def _at(happened: Happened) -> float:
    return happened.at
