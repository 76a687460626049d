"""The platform as one ASGI application: counters around faults around journeys.

Starlette routes what is internal; the journeys find their own way (`journeys`), at a tenth of
the cost.
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
from starlette.types import ASGIApp, Receive, Scope, Send

from rehearsal.platform.calls import sent
from rehearsal.platform.counters import Counting
from rehearsal.platform.faults import FaultGate, Faults
from rehearsal.platform.journeys import Journeys
from rehearsal.platform.routes import INTERNAL, route_of
from rehearsal.platform.storage import Storage
from rehearsal.platform.tokens import Tokens
from rehearsal.platform.video import Segments


def create_app(storage: Storage, segments: Segments, tokens: Tokens, process: int) -> ASGIApp:
    """The application of process number `process`; it closes the storage when it ends."""
    gate = FaultGate(ServerErrorMiddleware(Journeys(storage, segments, tokens)), process)
    counting = Counting(gate)
    internal = _internal(storage, gate, counting)

    async def platform(scope: Scope, receive: Receive, send: Send) -> None:
        is_counted = scope["type"] == "http" and route_of(scope["path"]) != INTERNAL
        await (counting if is_counted else internal)(scope, receive, send)

    return platform


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
