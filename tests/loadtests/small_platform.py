"""A platform of a few lines behind uvicorn, which counts what it answered: a known truth.

`python -m tests.loadtests.small_platform HOST PORT [CERTIFICATE KEY]`
"""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_SEGMENT = bytes(64 * 1024)
answered = 0
accounts: set[str] = set()


def _count() -> None:
    global answered  # noqa: PLW0603 - the whole server is one counter
    answered += 1


async def login(request: Request) -> Response:
    sent = await request.json()
    _count()
    accounts.add(sent["account"])
    return JSONResponse({"token": f"token-of-{sent['account']}"})


def _who(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer token-of-")


async def page(request: Request) -> Response:
    _count()
    if _who(request) not in accounts:
        return JSONResponse({"error": "who are you?"}, 401)
    if request.url.path == "/resources/9":
        return Response(b"")
    if request.url.path.startswith(("/videos/", "/resources/7")):
        return Response(_SEGMENT)
    return JSONResponse({"resources": [{"id": 7, "course": 1}], "video": 1, "segments": 8})


async def submit(request: Request) -> Response:
    await request.json()
    _count()
    return JSONResponse({}, 201)


async def counters(_: Request) -> Response:
    return JSONResponse({"answered": answered, "accounts": sorted(accounts)})


app = Starlette(
    routes=[
        Route("/counters", counters),
        Route("/login", login, methods=["POST"]),
        Route("/submissions", submit, methods=["POST"]),
        Route("/{path:path}", page),
    ]
)

if __name__ == "__main__":
    host, port, *pair = sys.argv[1:]
    uvicorn.run(
        app,
        host=host,
        port=int(port),
        ssl_certfile=pair[0] if pair else None,
        ssl_keyfile=pair[1] if pair else None,
        log_level="warning",
        timeout_keep_alive=600,
    )
