"""The client of one user: requests by method and path, Locust's request event, one connection."""

from __future__ import annotations

import json as json_codec
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from time import perf_counter
from typing import Any, TypedDict, Unpack

from locust.event import EventHook
from locust.exception import CatchResponseError

from loadtests.dense.address import Endpoint
from loadtests.dense.connection import Connection
from loadtests.dense.counters import Counters
from loadtests.dense.failures import ExchangeError
from loadtests.dense.response import DenseResponse

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
"""Methods that may be sent again when a kept connection turns out to be dead (RFC 9110, 9.2.2)."""
_BODY_EXPECTED = frozenset({"POST", "PUT", "PATCH"})


class RequestOptions(TypedDict, total=False):
    """What every request method takes besides the path; see `DenseClient.request`."""

    name: str | None
    data: bytes | str | None
    json: Any
    headers: Mapping[str, str] | None
    catch_response: bool
    discard: bool
    context: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialling:
    """How a client connects: shared by all users of a class that go to the same server."""

    to: Endpoint
    source: str | None
    context: ssl.SSLContext | None
    connect_seconds: float
    request_seconds: float


class DenseClient:
    """Speaks HTTP/1.1 for one user. Requests never raise for what the server or network does."""

    __slots__ = ("_connection", "_context", "_counters", "_dialling", "_event", "_own_headers")

    def __init__(
        self,
        dialling: Dialling,
        *,
        event: EventHook,
        counters: Counters,
        context: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self._dialling = dialling
        self._event = event
        self._counters = counters
        self._context = context
        self._connection: Connection | None = None
        self._own_headers = b""

    def authorize(self, token: str | None) -> None:
        """Sends that bearer token with every request from now on; None sends none."""
        self._own_headers = b"" if token is None else _encoded({"Authorization": f"Bearer {token}"})

    def request(  # noqa: PLR0913 - as Locust's own clients have it, so that locustfiles fit
        self,
        method: str,
        url: str,
        *,
        name: str | None = None,
        data: bytes | str | None = None,
        json: Any = None,  # noqa: ANN401 - JSON may be anything
        headers: Mapping[str, str] | None = None,
        catch_response: bool = False,
        discard: bool = False,
        context: Mapping[str, Any] | None = None,
    ) -> DenseResponse:
        """Sends one request to the path `url` and returns what came back, whole or not.

        `name` groups requests in statistics; `discard` counts a large body without keeping it;
        `catch_response` makes the response a with-block that decides what counts as a failure.
        """
        started_at, started = time.time(), perf_counter()
        request = self._request_bytes(method, url, headers, *_body(data, json))
        counters = self._counters
        counters.started += 1
        counters.in_flight += 1
        response = self._perform(method, url, request, keep_body=not discard)
        report = partial(
            self._report,
            request_type=method,
            name=name or url,
            response_time=(perf_counter() - started) * 1000,
            response_length=response.length,
            response=response,
            context=self._merged(context),
            start_time=started_at,
            url=response.url,
        )
        if catch_response:
            return response.reported_by(report)
        report(_wrong(response))
        return response

    def get(self, url: str, **options: Unpack[RequestOptions]) -> DenseResponse:
        """A GET request."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Unpack[RequestOptions]) -> DenseResponse:
        """A HEAD request."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Unpack[RequestOptions]) -> DenseResponse:
        """An OPTIONS request."""
        return self.request("OPTIONS", url, **options)

    def post(self, url: str, **options: Unpack[RequestOptions]) -> DenseResponse:
        """A POST request."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Unpack[RequestOptions]) -> DenseResponse:
        """A PUT request."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Unpack[RequestOptions]) -> DenseResponse:
        """A PATCH request."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Unpack[RequestOptions]) -> DenseResponse:
        """A DELETE request."""
        return self.request("DELETE", url, **options)

    def close(self) -> None:
        """Closes the connection; the next request opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _perform(self, method: str, url: str, request: bytes, *, keep_body: bool) -> DenseResponse:
        """The exchange, tried once more when a kept connection proved dead before any byte."""
        deadline = perf_counter() + self._dialling.request_seconds
        if method not in _REPEATABLE and self._connection is not None and self._connection.stale:
            self.close()
        while True:
            kept = self._connection is not None and self._connection.used
            response = DenseResponse(url=url)
            try:
                self._exchange(method, request, response, deadline, keep_body=keep_body)
            except ExchangeError as error:
                self.close()
                if kept and error.silent and error.failure.means_dead and method in _REPEATABLE:
                    self._counters.retried += 1
                    continue
                response.error = error
            self._counters.bytes_received += response.bytes_received
            return response

    def _exchange(
        self,
        method: str,
        request: bytes,
        response: DenseResponse,
        deadline: float,
        *,
        keep_body: bool,
    ) -> None:
        connection = self._connection
        if connection is None:
            connection = self._connection = self._dial()
        if not connection.exchange(
            request, response, deadline, head=method == "HEAD", keep_body=keep_body
        ):
            self.close()

    def _dial(self) -> Connection:
        dialling = self._dialling
        return Connection(
            dialling.to,
            source=dialling.source,
            context=dialling.context,
            connect_seconds=dialling.connect_seconds,
            request_seconds=dialling.request_seconds,
            counters=self._counters,
        )

    def _request_bytes(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        body: bytes,
        content_type: str | None,
    ) -> bytes:
        head = _head(method, url, self._dialling.to.authority)
        extra = b"" if headers is None else _encoded(headers)
        if not body and method not in _BODY_EXPECTED:
            return b"".join((head, self._own_headers, extra, b"\r\n"))
        described = b"Content-Length: %d\r\n" % len(body)
        if content_type is not None and b"content-type:" not in extra.lower():
            described += b"Content-Type: %b\r\n" % content_type.encode()
        return b"".join((head, self._own_headers, extra, described, b"\r\n", body))

    def _merged(self, context: Mapping[str, Any] | None) -> dict[str, Any]:
        return {**self._context(), **(context or {})}

    def _report(self, exception: BaseException | None, **figures: Any) -> None:  # noqa: ANN401 - Locust's event
        self._counters.in_flight -= 1
        self._event.fire(exception=exception, **figures)


def _wrong(response: DenseResponse) -> BaseException | None:
    if response.ok:
        return None
    return response.error or CatchResponseError(f"HTTP {response.status_code}")


def _body(data: bytes | str | None, json: Any) -> tuple[bytes, str | None]:  # noqa: ANN401 - JSON
    if json is not None and data is None:
        return json_codec.dumps(json, separators=(",", ":")).encode(), "application/json"
    if data is None:
        return b"", None
    return (data, None) if isinstance(data, bytes) else (data.encode(), "text/plain; charset=utf-8")


@lru_cache(maxsize=8192)
def _head(method: str, url: str, authority: str) -> bytes:
    """The part of a request that is the same for all users; encoded once."""
    if not url.startswith("/") or _unsafe(url):
        raise ValueError(f"{url!r} is not a path of a request")
    return (
        f"{method} {url} HTTP/1.1\r\nHost: {authority}\r\nAccept: */*\r\n"
        "User-Agent: suyun-loadtests\r\n"
    ).encode()


def _encoded(headers: Mapping[str, str]) -> bytes:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if any(_unsafe(line) for line in lines):
        raise ValueError("a header has a control character in it")
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")


def _unsafe(text: str) -> bool:
    return any(ord(letter) < ord(" ") for letter in text)
