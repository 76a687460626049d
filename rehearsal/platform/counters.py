"""Exact counts of what one platform process answered, by route and status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from province.value import Value
from rehearsal.platform.routes import route_of


class RouteCount(Value):
    """Whole answers of one route with one status."""

    route: str
    status: int
    answered: int


class PlatformCounters(Value):
    """All counts. `received` includes requests not yet, or never, answered."""

    received: int
    routes: tuple[RouteCount, ...]

    @property
    def answered(self) -> int:
        """Requests that got a whole answer, whatever its status."""
        return sum(row.answered for row in self.routes)

    @property
    def by_status(self) -> dict[str, int]:
        """Whole answers by status."""
        return _sum((str(row.status), row.answered) for row in self.routes)

    @property
    def by_route(self) -> dict[str, int]:
        """Whole answers by route."""
        return _sum((row.route, row.answered) for row in self.routes)


def total(counters: Iterable[PlatformCounters]) -> PlatformCounters:
    """The counts of several processes as one."""
    every = list(counters)
    table: Counter[tuple[str, int]] = Counter()
    for row in (row for one in every for row in one.routes):
        table[row.route, row.status] += row.answered
    return PlatformCounters(received=sum(one.received for one in every), routes=_rows(table))


class Counting:
    """ASGI middleware that counts every request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._received = 0
        self._table: Counter[tuple[str, int]] = Counter()

    def snapshot(self) -> PlatformCounters:
        """The counts so far."""
        return PlatformCounters(received=self._received, routes=_rows(self._table))

    def count(self, path: str, status: int) -> None:
        """Counts a request that is answered outside ASGI."""
        self._received += 1
        self._table[route_of(path), status] += 1

    def drop(self) -> None:
        """Counts a request that is never answered."""
        self._received += 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and counts its answer when its last byte has been sent."""
        self._received += 1
        status = 0

        async def counted(message: Message) -> None:
            nonlocal status
            await send(message)
            if message["type"] == "http.response.start":
                status = message["status"]
            elif not message.get("more_body", False):
                self._table[route_of(scope["path"]), status] += 1

        await self._app(scope, receive, counted)


def _rows(table: Counter[tuple[str, int]]) -> tuple[RouteCount, ...]:
    return tuple(
        RouteCount(route=route, status=status, answered=answered)
        for (route, status), answered in sorted(table.items())
    )


def _sum(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for key, count in pairs:
        sums[key] = sums.get(key, 0) + count
    return sums
