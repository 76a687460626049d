"""The platform as one ASGI application: counters around faults around journeys.

Starlette routes what is internal; the journeys find their own way (`journeys`), at a tenth of
the cost. What is ready is answered past all of it (`at_once`, for `protocol`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from rehearsal.platform.calls import Headers, sent
from rehearsal.platform.counters import Counting
from rehearsal.platform.faults import FaultGate, Faults
from rehearsal.platform.journeys import Journeys
from rehearsal.platform.routes import INTERNAL, route_of
from rehearsal.platform.shelf import Shelf
from rehearsal.platform.storage import Storage
from rehearsal.platform.tokens import Tokens
from rehearsal.platform.video import Segments


class Application:
    """The application of process number `process`; it closes the storage when it ends."""

    def __init__(
        self, storage: Storage, segments: Segments, shelf: Shelf, tokens: Tokens, process: int
    ) -> None:
        self._journeys = Journeys(storage, segments, shelf, tokens)
        self._gate = FaultGate(ServerErrorMiddleware(self._journeys), process)
        self._counting = Counting(self._gate)
        self._internal = _internal(storage, self._gate, self._counting)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, whatever it is."""
        is_counted = scope["type"] == "http" and route_of(scope["path"]) != INTERNAL
        await (self._counting if is_counted else self._internal)(scope, receive, send)

    def at_once(self, target: bytes, headers: Headers) -> bytes | None:
        """The answer to a GET, counted, where it is ready; None sends it the long way."""
        if not self._gate.is_open:
            return None
        path, _, query = target.partition(b"?")
        text = path.decode("latin-1")
        ready = self._journeys.ready(text, query, headers)
        if ready is None:
            return None
        self._counting.count(text, ready.status_code)
        return ready.wire

    def drop(self, target: bytes) -> None:
        """Counts a request that came, but that nobody waits for any more."""
        path = target.partition(b"?")[0].decode("latin-1")
        if route_of(path) != INTERNAL:
            self._counting.drop()


def _internal(storage: Storage, gate: FaultGate, counting: Counting) -> Starlette:
    """What the edge never forwards: counts, faults, and the server's own start and end."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await storage.close()

    async def counters(_request: Request) -> Response:
        return Response(counting.snapshot().model_dump_json(), media_type="application/json")

    async def faults(request: Request) -> Response:
        gate.set(await sent(request, Faults))
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/internal/counters", counters),
            Route("/internal/faults", faults, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _refused},
        lifespan=lifespan,
    )


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)
