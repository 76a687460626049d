"""What is answered at once is what the long way answers, and only to those it would answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from province.audience import Persona
from province.objectives import Journey
from rehearsal.platform.app import Application
from rehearsal.platform.faults import Fault, Faults
from rehearsal.platform.roster import people
from rehearsal.platform.seeding import seed
from rehearsal.platform.shelf import BODIES, FileShelf
from rehearsal.platform.sqlite import SqliteStorage
from rehearsal.platform.tokens import Tokens
from rehearsal.platform.video import SEGMENTS, StoredSegments
from tests import worlds
from tests.rehearsal.asgi import Reply, get

KEY = b"k" * 32
READY = ("/videos/7/1", "/resources/7", "/catalogue?page=3", "/catalogue", "/courses/7")


@dataclass(frozen=True)
class World:
    app: Application
    token: str

    def at_once(self, target: str, *more: tuple[bytes, bytes], token: str = "") -> bytes | None:
        bearer = f"bearer {token or self.token}".encode()
        return self.app.at_once(target.encode(), [(b"authorization", bearer), *more])

    def asked(self, target: str) -> Reply:
        return get(self.app, target, token=self.token)


@pytest.fixture(name="world")
def _world(tmp_path: Path) -> Iterator[World]:
    everybody = tuple(people(worlds.small(), 50))
    seed(tmp_path / "platform.sqlite", everybody, ("main",), b"s" * 32)
    SEGMENTS.make(tmp_path)
    BODIES.make(tmp_path)
    storage = SqliteStorage(tmp_path / "platform.sqlite")
    student = next(who for who in everybody if who.persona is Persona.STUDENT)
    app = Application(storage, StoredSegments(tmp_path), FileShelf(tmp_path), Tokens(KEY), 0)
    yield World(app, Tokens(KEY).issue(student).token)
    asyncio.run(storage.close())


@pytest.mark.parametrize("target", READY)
def test_the_answer_at_once_is_that_of_the_long_way(world: World, target: str) -> None:
    assert world.at_once(target) is None
    reply = world.asked(target)
    head, _, body = (world.at_once(target) or b"").partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    assert (status, body) == ("HTTP/1.1 200 OK", reply.body)
    assert dict(line.split(": ", 1) for line in lines) == reply.headers


def test_a_token_that_the_long_way_refuses_gets_nothing_at_once(world: World) -> None:
    world.asked("/courses/7")
    for token in (world.token[:-1], world.token + "x", "-"):
        assert world.at_once("/courses/7", token=token) is None
    assert world.app.at_once(b"/courses/7", []) is None


def test_a_known_token_gets_nothing_at_once_after_its_end() -> None:
    now = 1_000_000.0
    tokens = Tokens(KEY, clock=lambda: now)
    token = tokens.issue(next(people(worlds.small(), 50)), life_seconds=60).token
    tokens.check(token)
    assert tokens.is_known(token)
    now += 60
    assert not tokens.is_known(token)


def test_conditions_and_a_second_token_go_the_long_way(world: World) -> None:
    world.asked("/videos/1/0")
    assert world.at_once("/videos/1/0") is not None
    assert world.at_once("/videos/1/0", (b"if-none-match", b"x")) is None
    assert world.at_once("/videos/1/0", (b"authorization", b"Bearer x")) is None


@pytest.mark.parametrize(
    "target",
    [
        *("/videos/1/64", "/videos/x/0", "/videos/1", "/resources/0", "/resources/x"),
        *("/courses/0", "/catalogue?page=x", "/gradebook"),
    ],
)
def test_what_is_refused_or_not_kept_goes_the_long_way(world: World, target: str) -> None:
    world.asked(target)
    assert world.at_once(target) is None


def test_faults_close_the_short_way(world: World) -> None:
    world.asked("/courses/7")
    faults = Faults(journeys={Journey.COURSE: Fault(error_ratio=1)})
    sent = faults.model_dump_json().encode()
    assert get(world.app, "/internal/faults", send=sent).status == 204
    assert world.at_once("/courses/7") is None
    assert world.asked("/courses/7").status == 503
    assert get(world.app, "/internal/faults", send=b"{}").status == 204
    assert world.at_once("/courses/7") is not None


def test_both_ways_are_counted_and_what_is_dropped_has_only_come(world: World) -> None:
    world.asked("/courses/7")
    world.at_once("/courses/7")
    world.app.drop(b"/courses/7?x")
    world.app.drop(b"/internal/counters")
    counters = get(world.app, "/internal/counters").json
    assert counters["received"] == 3
    assert counters["routes"] == [{"route": "course", "status": 200, "answered": 2}]
