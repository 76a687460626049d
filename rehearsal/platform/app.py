"""The platform as one ASGI application: counters around faults around journeys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from rehearsal.platform.calls import sent
from rehearsal.platform.counters import Counting
from rehearsal.platform.faults import FaultGate, Faults
from rehearsal.platform.journeys import Journeys
from rehearsal.platform.storage import Storage, StorageError
from rehearsal.platform.tokens import Tokens
from rehearsal.platform.video import Segments


def create_app(storage: Storage, segments: Segments, tokens: Tokens, process: int) -> ASGIApp:
    """The application of process number `process`; it closes the storage when it ends."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await storage.close()

    async def counters(_request: Request) -> Response:
        return Response(counting.snapshot().model_dump_json(), media_type="application/json")

    async def faults(request: Request) -> Response:
        gate.set(await sent(request, Faults))
        return Response(status_code=204)

    app = Starlette(
        routes=[
            *Journeys(storage, segments, tokens).routes(),
            Route("/internal/counters", counters),
            Route("/internal/faults", faults, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _refused, StorageError: _unavailable},
        lifespan=lifespan,
    )
    gate = FaultGate(app, process)
    counting = Counting(gate)
    return counting


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _unavailable(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 503)
