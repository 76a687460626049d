"""The client of one user: requests as FastHttpUser's client takes them, Locust's request event."""

from __future__ import annotations

import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from sys import intern
from time import perf_counter
from typing import Any, TypedDict, Unpack

from locust.event import EventHook
from locust.exception import CatchResponseError

from loadtests.dense.bodies import NO_BODY, Data, Fields, body_of
from loadtests.dense.cookies import empty_jar
from loadtests.dense.counters import Counters
from loadtests.dense.failures import ExchangeError, Failure
from loadtests.dense.headers import HeaderBlock, Lines, encoded_lines, header_block
from loadtests.dense.line import Dialling, Line
from loadtests.dense.outgoing import (
    REDIRECTS,
    Outgoing,
    Params,
    basic,
    target_of,
    with_params,
)
from loadtests.dense.response import DenseResponse

_JSON: Lines = (("Accept", "application/json"),)
_AS_IT_IS: Lines = (("Accept-Encoding", "identity"),)


class RequestOptions(TypedDict, total=False):
    """What every request method takes besides path and body; see `DenseClient.request`."""

    name: str | None
    headers: Mapping[str, str] | None
    params: Params | None
    files: Fields | None
    auth: tuple[str | bytes, str | bytes] | None
    timeout: float | None
    allow_redirects: bool
    catch_response: bool
    stream: bool
    discard: bool
    context: Mapping[str, Any] | None


class BodyOptions(RequestOptions, total=False):
    """The same with a body."""

    data: Data
    json: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Manners:
    """How the users of a class speak: the headers they always send, how far they are led."""

    headers: Lines = ()
    authorization: str | None = None
    max_redirects: int = 30
    base_path: str = ""
    """What comes before every path."""


PLAIN = Manners()


class DenseClient:
    """Speaks HTTP/1.1 for one user. Requests never raise for what the server or network does."""

    __slots__ = (
        "_base",
        "_block",
        "_context",
        "_counters",
        "_event",
        "_line",
        "_manners",
        "request_name",
    )

    def __init__(
        self,
        dialling: Dialling,
        *,
        event: EventHook,
        counters: Counters,
        context: Callable[[], Mapping[str, Any]] = dict,
        manners: Manners = PLAIN,
    ) -> None:
        self._event = event
        self._counters = counters
        self._context = context
        self._manners = manners
        self._base = intern(dialling.to.url + manners.base_path)
        self._block = header_block(manners.headers)
        self._line = Line(dialling, counters)
        self.request_name: str | None = None
        """The name of all requests that have none; see `rename_request`."""
        if manners.authorization is not None:
            self._line.own_headers = encoded_lines((("Authorization", manners.authorization),))

    @property
    def base_url(self) -> str:
        """What paths are appended to."""
        return self._base

    @property
    def cookiejar(self) -> CookieJar:
        """This user's cookies."""
        if self._line.jar is None:
            self._line.jar = empty_jar()
        return self._line.jar

    def authorize(self, token: str | None) -> None:
        """Sends that bearer token with every request from now on; None sends none."""
        told: Lines = () if token is None else (("Authorization", f"Bearer {token}"),)
        self._line.own_headers = encoded_lines(told)

    @contextmanager
    def rename_request(self, name: str) -> Iterator[None]:
        """Requests inside the with-block are grouped under that name."""
        self.request_name = name
        try:
            yield
        finally:
            self.request_name = None

    def request(  # noqa: PLR0913, PLR0917 - as Locust's own clients have it, so that locustfiles fit
        self,
        method: str,
        url: str,
        name: str | None = None,
        data: Data = None,
        catch_response: bool = False,  # noqa: FBT001, FBT002 - as Locust has it
        stream: bool = False,  # noqa: FBT001, FBT002 - as Locust has it
        headers: Mapping[str, str] | None = None,
        auth: tuple[str | bytes, str | bytes] | None = None,
        json: Any = None,  # noqa: ANN401 - JSON may be anything
        allow_redirects: bool = True,  # noqa: FBT001, FBT002 - as Locust has it
        context: Mapping[str, Any] | None = None,
        *,
        params: Params | None = None,
        files: Fields | None = None,
        timeout: float | None = None,
        discard: bool = False,
    ) -> DenseResponse:
        """Sends one request and returns what came back, whole or not.

        `url` is a path or an absolute URL; `name` groups requests in statistics; `timeout` is in
        seconds, for all of it. `stream` returns after the headers and reads the body as it is
        asked for; `discard` counts a large body without keeping it; `catch_response` makes the
        response a with-block that decides what counts as a failure.

        Raises ValueError or TypeError for what is no request; nothing is sent and counted then.
        """
        started_at, started = time.time(), perf_counter()
        target = target_of(method, url if params is None else with_params(url, params), self._base)
        body, block = NO_BODY, self._block
        if not (data is None and json is None and files is None):
            body = body_of(data, json, files)
        if not (headers is None and auth is None and json is None and not stream):
            is_json = json is not None and not data and not files
            block = self._own_block(headers, auth, json=is_json, stream=stream)
        outgoing = Outgoing(method, target, block, body, own=target.origin is None)
        counters = self._counters
        counters.started += 1
        counters.in_flight += 1
        seconds, mistake = self._line.seconds if timeout is None else timeout, None
        try:
            response = self._line.perform(outgoing, seconds, keep_body=not discard, stream=stream)
            if response.status_code in REDIRECTS and allow_redirects:
                response = self._follow(
                    outgoing, response, started + seconds, keep_body=not discard, stream=stream
                )
        except Exception as error:  # out of the caller's own iterable body; nothing else raises
            response, mistake = DenseResponse(url=target.url), error
        response.seconds = perf_counter() - started
        response.request_meta = {
            "request_type": method,
            "name": name or self.request_name or url,
            "response_time": response.seconds * 1000,
            "response_length": response.length if response.rest is None else _declared(response),
            "context": {**self._context(), **(context or {})},
            "start_time": started_at,
            "url": target.url,
        }
        if mistake is not None:
            self._report(response, mistake)
            raise mistake
        if catch_response:
            return response.reported_by(self._report)
        self._report(response, _wrong(response))
        return response

    def get(self, url: str, **options: Unpack[BodyOptions]) -> DenseResponse:
        """A GET request."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Unpack[BodyOptions]) -> DenseResponse:
        """A HEAD request."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Unpack[BodyOptions]) -> DenseResponse:
        """An OPTIONS request."""
        return self.request("OPTIONS", url, **options)

    def delete(self, url: str, **options: Unpack[BodyOptions]) -> DenseResponse:
        """A DELETE request."""
        return self.request("DELETE", url, **options)

    def post(
        self,
        url: str,
        data: Data = None,
        json: Any = None,  # noqa: ANN401 - JSON may be anything
        **options: Unpack[RequestOptions],
    ) -> DenseResponse:
        """A POST request."""
        return self.request("POST", url, data=data, json=json, **options)

    def put(
        self,
        url: str,
        data: Data = None,
        json: Any = None,  # noqa: ANN401 - JSON may be anything
        **options: Unpack[RequestOptions],
    ) -> DenseResponse:
        """A PUT request."""
        return self.request("PUT", url, data=data, json=json, **options)

    def patch(
        self,
        url: str,
        data: Data = None,
        json: Any = None,  # noqa: ANN401 - JSON may be anything
        **options: Unpack[RequestOptions],
    ) -> DenseResponse:
        """A PATCH request."""
        return self.request("PATCH", url, data=data, json=json, **options)

    def iter_lines(
        self,
        url: str,
        method: str = "GET",
        **options: Any,  # noqa: ANN401 - what `request` takes
    ) -> Iterator[str]:
        """The lines of a streamed body, one by one. Raises what `raise_for_status` does."""
        response = self.request(method, url, **{**options, "stream": True})
        response.raise_for_status()
        read = getincrementaldecoder("utf-8")(errors="replace")
        last = ""
        for piece in response.iter_content(decode_content=False):
            *lines, last = (last + read.decode(piece)).split("\n")
            yield from lines
        if last:
            yield last

    def close(self) -> None:
        """Closes the connection; the next request opens another."""
        self._line.close()

    def redial(self, dialling: Dialling) -> None:
        """Leaves for another server; the token and the cookies come along."""
        line = Line(dialling, self._counters)
        line.own_headers, line.jar = self._line.own_headers, self._line.jar
        self._line.close()
        self._line, self._base = line, intern(dialling.to.url + self._manners.base_path)

    def _own_block(
        self,
        headers: Mapping[str, str] | None,
        auth: tuple[str | bytes, str | bytes] | None,
        *,
        json: bool,
        stream: bool,
    ) -> HeaderBlock:
        """The headers of a request that has some of its own."""
        own = (*(_JSON if json else ()), *(_AS_IT_IS if stream else ()), *(headers or {}).items())
        if auth is not None:
            own = (*own, ("Authorization", basic(*auth)))
        return header_block(self._manners.headers, own)

    def _follow(
        self,
        outgoing: Outgoing,
        response: DenseResponse,
        deadline: float,
        *,
        keep_body: bool,
        stream: bool,
    ) -> DenseResponse:
        """Goes where a redirect leads, and on, until something else comes or it is too much."""
        history: list[DenseResponse] = []
        received = 0
        while response.status_code in REDIRECTS and "location" in response.headers:
            location = response.headers["location"]
            try:
                outgoing = outgoing.redirected(response.status_code, location, self._base)
                self._count_hops(len(history))
            except ExchangeError as error:
                response.error, response.status_code = error, 0
                break
            history.append(response)
            received += response.bytes_received
            response.rest = None
            left = deadline - perf_counter()
            response = self._line.perform(outgoing, left, keep_body=keep_body, stream=stream)
            self._counters.redirected += 1
        response.history = tuple(history)
        response.bytes_received += received
        return response

    def _count_hops(self, hops: int) -> None:
        if hops >= self._manners.max_redirects:
            raise ExchangeError(Failure.REDIRECTS)

    def _report(self, response: DenseResponse, exception: BaseException | None) -> None:
        self._counters.in_flight -= 1
        self._event.fire(response=response, exception=exception, **response.request_meta)


def _wrong(response: DenseResponse) -> BaseException | None:
    if response.ok:
        return None
    return response.error or CatchResponseError(f"HTTP {response.status_code}")


def _declared(response: DenseResponse) -> int:
    """The size of a body that is still to come, if the server has told it."""
    told = response.headers.get("content-length", "")
    return int(told) if told.isdecimal() else 0
