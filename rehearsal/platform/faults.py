"""Capacity and faults on demand, so that what measures the platform can itself be measured.

The same seed, process number and order of requests give the same errors.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveFloat
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from province.objectives import Journey
from province.value import Value
from rehearsal.platform.routes import route_of


class Fault(Value):
    """How one journey misbehaves.

    `delay_ms` is added to each answer, `error_ratio` of the requests get 503, and no more than
    `capacity_per_second` requests are let in, the others wait in line. While `stalled`, nothing
    is answered; it goes on when the faults change.
    """

    delay_ms: NonNegativeFloat = 0
    error_ratio: Annotated[float, Field(ge=0, le=1)] = 0
    stalled: bool = False
    capacity_per_second: PositiveFloat | None = None

    def share(self, processes: int) -> Fault:
        """What one of that many equal processes has to do for all together to behave so."""
        if self.capacity_per_second is None:
            return self
        capacity = self.capacity_per_second / processes
        return self.model_copy(update={"capacity_per_second": capacity})


class Faults(Value):
    """How the platform misbehaves, by journey; the others behave well."""

    seed: int = 0
    journeys: dict[Journey, Fault] = Field(default_factory=dict)

    def share(self, processes: int) -> Faults:
        """What one of that many equal processes has to do."""
        shares = {journey: fault.share(processes) for journey, fault in self.journeys.items()}
        return self.model_copy(update={"journeys": shares})


class FaultGate:
    """ASGI middleware that lets requests through as the faults say."""

    def __init__(self, app: ASGIApp, process: int) -> None:
        self._app = app
        self._process = process
        self._lines: dict[str, _Line] = {}
        self._changed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether there are no faults at all, so that requests need not pass here."""
        return not self._lines

    def set(self, faults: Faults) -> None:
        """Takes these faults in place of the earlier ones; stalled requests go on."""
        self._changed.set()
        self._changed = asyncio.Event()
        self._lines = {
            journey.value: _Line(fault, Random(f"{faults.seed}/{self._process}/{journey}"))  # noqa: S311 - a repeatable draw, not a secret
            for journey, fault in faults.journeys.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, late, or answers 503 in the platform's place."""
        line = self._lines.get(route_of(scope["path"])) if self._lines else None
        if line is None or await line.admits(self._changed):
            await self._app(scope, receive, send)
            return
        await JSONResponse({"error": "a fault that was asked for"}, 503)(scope, receive, send)


class _Line:
    """The line in front of one journey: a virtual queue with one departure every 1/capacity s."""

    def __init__(self, fault: Fault, random: Random) -> None:
        self._fault = fault
        self._random = random
        self._next_departure = 0.0

    async def admits(self, changed: asyncio.Event) -> bool:
        """Waits as long as the fault asks for; False when the request is to fail."""
        fails = self._random.random() < self._fault.error_ratio
        if self._fault.stalled:
            await changed.wait()
        wait_seconds = self._queue_seconds() + self._fault.delay_ms / 1000
        if wait_seconds > 0:
            await asyncio.sleep(wait_seconds)
        return not fails

    def _queue_seconds(self) -> float:
        if self._fault.capacity_per_second is None:
            return 0.0
        now = asyncio.get_running_loop().time()
        departure = max(now, self._next_departure)
        self._next_departure = departure + 1 / self._fault.capacity_per_second
        return departure - now
