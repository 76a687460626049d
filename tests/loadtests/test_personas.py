from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gevent.event import Event
from locust.env import Environment
from locust.exception import StopUser

from loadtests.beat import Beat
from loadtests.courses import Hour
from loadtests.dense.address import Endpoint
from loadtests.dense.counters import counters_of
from loadtests.habits import HABITS
from loadtests.personas import Company, Person
from loadtests.seating import Seat
from province.audience import Persona
from province.objectives import Journey
from tests.loadtests.conftest import HOST, NAME, SmallPlatform

SECRET = b"0" * 32


class Resident(Person):
    """A person that the tests can make."""


def person(
    platform: SmallPlatform, persona: Persona, *, leaving: bool = False, ipv6: bool = False
) -> tuple[Resident, list[dict[str, Any]]]:
    account, tls = f"suzhou-{persona}-000001", platform.ca_file is not None
    server = Endpoint(hostname=NAME, address=HOST, port=platform.port, tls=tls)
    begun = Event()
    begun.set()
    Resident.company = Company(
        beat=Beat(0, 1, 1e-6),
        begun=begun,
        servers={} if ipv6 else {"suzhou": server},
        servers_ipv6={"suzhou": server} if ipv6 else {},
        seats=iter([Seat(site="suzhou", persona=persona, account=account, ipv6=ipv6)]),
        secret=SECRET,
        think_scale=0.0001,
        leaving=leaving,
        spread_seconds=0.001,
    )
    Resident.ca_file = str(platform.ca_file)
    events: list[dict[str, Any]] = []
    environment = Environment(user_classes=[Resident])
    environment.events.request.add_listener(lambda **event: events.append(event))
    return Resident(environment), events


@pytest.fixture(params=list(Persona))
def persona(request: pytest.FixtureRequest) -> Iterator[Persona]:
    state = random.getstate()
    random.seed(7)
    yield request.param
    random.setstate(state)


def test_a_persona_logs_in_and_takes_all_its_journeys(
    tls_platform: SmallPlatform, persona: Persona
) -> None:
    visitor, events = person(tls_platform, persona)
    visitor.on_start()
    for _ in range(200):
        visitor.live()
    visitor.on_stop()
    assert events[0]["name"] == Journey.LOGIN
    assert {event["exception"] for event in events} == {None}
    assert {event["name"] for event in events} == set(HABITS[Hour.DAY][persona].mix)
    assert tls_platform.counters()["accounts"] == [f"suzhou-{persona}-000001"]
    assert counters_of(visitor.environment).connected == 0


def test_who_comes_over_ipv6_is_counted_once(tls_platform: SmallPlatform) -> None:
    random.seed(1)  # a login among the journeys is rare, one in fifty
    visitor, events = person(tls_platform, Persona.STUDENT, ipv6=True)
    for _ in range(200):
        visitor.live()
    visitor.on_stop()
    assert sum(event["name"] == Journey.LOGIN for event in events) > 1
    assert visitor.company.users_ipv6 == 1


def test_whoever_has_logged_in_rests_until_the_hold_begins(tls_platform: SmallPlatform) -> None:
    visitor, events = person(tls_platform, Persona.TEACHER)
    visitor.company.begun, seat = Event(), visitor.seat
    visitor.company.seats = iter([seat] if seat else [])
    visitor = Resident(visitor.environment)
    visitor.live()
    resting = gevent.spawn(visitor.live)
    gevent.sleep(0.2)
    assert [event["name"] for event in events] == [Journey.LOGIN]
    visitor.company.begun.set()
    resting.join(5)
    assert 0 < visitor.wait_time() < 1.5 * 30 * 0.0001
    visitor.live()
    assert len(events) > 1
    visitor.on_stop()


def test_a_resource_is_looked_up_in_the_catalogue_and_has_bytes(
    tls_platform: SmallPlatform,
) -> None:
    visitor, events = person(tls_platform, Persona.TEACHER)
    visitor.live()
    visitor._open_resource()
    visitor._open_resource()
    visitor._resource = 9
    visitor._open_resource()
    visitor.on_stop()
    told = [(event["name"], str(event["exception"] or "ok")) for event in events]
    assert told == [
        (Journey.LOGIN, "ok"),
        (Journey.CATALOGUE, "ok"),
        (Journey.RESOURCE, "ok"),
        (Journey.RESOURCE, "ok"),
        (Journey.RESOURCE, "a resource without bytes"),
    ]
    assert [event["response_length"] for event in events[2:]] == [64 * 1024] * 2 + [0]


def test_every_journey_is_measured() -> None:
    assert {journey for habit in HABITS[Hour.DAY].values() for journey in habit.mix} == set(Journey)


def test_the_mix_is_as_its_weights_say() -> None:
    random.seed(1)
    mix = HABITS[Hour.DAY][Persona.STUDENT].mix
    drawn = Counter(HABITS[Hour.DAY][Persona.STUDENT].next_journey() for _ in range(20_000))
    for journey, weight in mix.items():
        assert drawn[journey] / 20_000 == pytest.approx(weight / sum(mix.values()), abs=0.015)


def test_a_person_waits_longer_after_each_failure() -> None:
    nobody = SmallPlatform(port=1, ca_file=None)
    visitor, events = person(nobody, Persona.STUDENT)
    means = []
    for _ in range(5):
        visitor._log_in()
        means.append(sum(visitor.wait_time() for _ in range(200)) / 200)
    assert [str(event["exception"]) for event in events] == ["connection refused"] * 5
    assert means == sorted(means)
    assert means[-1] > 8 * means[0]


def test_nobody_begins_anything_once_the_run_ends(tls_platform: SmallPlatform) -> None:
    visitor, events = person(tls_platform, Persona.TEACHER, leaving=True)
    visitor.on_start()
    with pytest.raises(StopUser):
        visitor.live()
    assert events == []


def test_whoever_finds_no_seat_goes_home(tls_platform: SmallPlatform) -> None:
    visitor, _ = person(tls_platform, Persona.TEACHER)
    second = type(visitor)(visitor.environment)
    assert second.seat is None
    second.on_start()
    with pytest.raises(StopUser):
        second.live()


def test_whose_edge_is_gone_goes_to_the_partners_with_the_same_token(
    tls_platform: SmallPlatform,
) -> None:
    visitor, events = person(tls_platform, Persona.TEACHER)
    company, there = visitor.company, visitor.company.servers["suzhou"]
    gone = Endpoint(hostname=NAME, address=HOST, port=1, tls=True)
    company.servers, company.partners = {"suzhou": there, "wuxi": there}, {"suzhou": "wuxi"}
    visitor.live()
    company.servers = {"suzhou": gone, "wuxi": there}
    visitor.client.close()
    visitor.move(gone)
    for _ in range(3):
        visitor._read_gradebook()
    assert [str(event["exception"] or "ok") for event in events] == [
        "ok",
        "connection refused",
        "ok",
        "ok",
    ]
    assert visitor.server() is there
    visitor.on_stop()


def test_who_has_no_second_edge_stays() -> None:
    visitor, events = person(SmallPlatform(port=1, ca_file=None), Persona.TEACHER)
    visitor.company.partners = {"wuxi": "suzhou"}
    for _ in range(3):
        visitor._read_gradebook()
    assert {str(event["exception"]) for event in events} == {"connection refused"}


def test_a_partner_without_ipv6_is_reached_over_ipv4(tls_platform: SmallPlatform) -> None:
    visitor, _ = person(tls_platform, Persona.STUDENT, ipv6=True)
    company, home = visitor.company, visitor.server()
    there = Endpoint(hostname="wuxi.example", address=HOST, port=2, tls=True)
    company.servers, company.partners = {"wuxi": there}, {"suzhou": "wuxi"}
    visitor._look_up_again()
    assert visitor.server() is there
    visitor._look_up_again()
    assert visitor.server() is home
