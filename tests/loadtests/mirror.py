"""A server behind uvicorn that tells what it was sent, and answers as it is told.

`python -m tests.loadtests.mirror HOST PORT [brief]`: brief answers do not repeat what was sent.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

import brotli
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def _raw_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(body) + stream.flush()


CODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw-deflate": _raw_deflate,
    "br": brotli.compress,
    "br, gzip": lambda body: gzip.compress(brotli.compress(body)),
    "identity": bytes,
}
log: list[dict[str, object]] = []


async def tell(request: Request) -> Response:
    body = await request.body()
    pairs = [[name.decode(), value.decode("latin-1")] for name, value in request.headers.raw]
    told: dict[str, object] = {
        "method": request.method,
        "path": request.url.path,
        "query": request.url.query,
        "pairs": pairs,
        "headers": dict(request.headers),
        "cookies": request.cookies,
        "body": body.decode("latin-1"),
    }
    log.append(told)
    status = int(request.query_params.get("status", 200))
    if "brief" in sys.argv:
        return JSONResponse({"method": request.method, "path": request.url.path}, status)
    return JSONResponse(told, status)


async def form(request: Request) -> Response:
    found = _fields(await request.body(), request.headers["content-type"])
    log.append({"method": request.method, "path": request.url.path, "form": found})
    return JSONResponse({"form": found})


def _fields(body: bytes, media_type: str) -> Sequence[tuple[object, object]]:
    if media_type.startswith("application/x-www-form-urlencoded"):
        return parse_qsl(body.decode())
    head = f"Content-Type: {media_type}\r\n\r\n".encode()
    parts = BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
    return [_field(part) for part in parts]


def _field(part: EmailMessage) -> tuple[object, object]:
    name = part.get_param("name", header="content-disposition")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    if part.get_filename() is None:
        return name, content.decode()
    return name, [part.get_filename(), content.decode(), part["content-type"]]


async def coded(request: Request) -> Response:
    coding = request.query_params["coding"]
    body = bytes(int(request.query_params["size"]))
    headers = {"content-encoding": coding.removeprefix("raw-")}
    return Response(CODINGS[coding](body) if body else b"", headers=headers)


async def text(request: Request) -> Response:
    charset = request.query_params["charset"]
    named = "" if "silent" in request.query_params else f"; charset={charset}"
    return Response("江苏".encode(charset), headers={"content-type": f"text/html{named}"})


async def lines(_: Request) -> Response:
    return StreamingResponse(iter([b"\xe4\xb8", b"\x80\ntwo\n", b"\nthr", b"ee"]))


async def go(request: Request) -> Response:
    """Redirects to `to` with `status`, and sets a cookie on the way."""
    log.append({"method": request.method, "path": request.url.path})
    await request.body()
    query = request.query_params
    response = RedirectResponse(query["to"], int(query.get("status", 302)))
    response.set_cookie("way", "taken")
    return response


async def set_cookie(request: Request) -> Response:
    log.append({"method": request.method, "path": request.url.path})
    response = JSONResponse({})
    for value in request.query_params.getlist("cookie"):
        response.headers.append("set-cookie", value)
    return response


async def told(_: Request) -> Response:
    return JSONResponse(log)


app = Starlette(
    routes=[
        Route("/log", told),
        Route("/form", form, methods=["POST"]),
        Route("/coded", coded),
        Route("/text", text),
        Route("/lines", lines),
        Route("/go", go, methods=METHODS),
        Route("/cookies", set_cookie),
        Route("/{path:path}", tell, methods=METHODS),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, host=sys.argv[1], port=int(sys.argv[2]), log_level="warning")
