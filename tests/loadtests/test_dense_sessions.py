"""Redirects, cookies, and what a user's greenlets share, seen by uvicorn and by servers of ours."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from locust.exception import (
    CatchResponseError,
    InterruptTaskSet,
    LocustError,
    ResponseError,
    StopTest,
)
from locust.exception import RescheduleTask as Reschedule

from loadtests.dense import DenseResponse
from loadtests.dense.address import Endpoint
from loadtests.dense.counters import counters_of
from loadtests.dense.failures import Failure
from tests.loadtests.conftest import NAME
from tests.loadtests.visitors import (
    OK,
    Subject,
    answering,
    bad_server,
    plain,
    user_of,
    users_leave,
)


@pytest.fixture(autouse=True)
def _users_leave() -> Iterator[None]:
    yield
    users_leave()


@pytest.fixture
def user(mirror: int) -> Subject:
    return user_of(plain(mirror))[0]


def seen(response: DenseResponse) -> dict[str, Any]:
    assert response.ok, response.error
    found: dict[str, Any] = response.json()
    return found


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (302, "PUT", "PUT"),
        (303, "PUT", "GET"),
        (303, "DELETE", "GET"),
        (307, "POST", "POST"),
        (308, "PATCH", "PATCH"),
        (302, "GET", "GET"),
    ],
)
def test_a_redirect_is_followed_by_the_right_method(
    user: Subject, status: int, method: str, then: str
) -> None:
    params = {"to": "/landed?x=1", "status": status}
    body = None if method in {"GET", "DELETE"} else {"a": "b"}
    told = seen(user.client.request(method, "/go", data=body, params=params))
    assert (told["method"], told["path"], told["query"]) == (then, "/landed", "x=1")
    goes_along = then == method and body is not None
    assert told["body"] == ("a=b" if goes_along else "")
    assert ("content-type" in told["headers"]) == goes_along


def test_a_redirect_is_one_request_with_a_history(mirror: int) -> None:
    user, events = user_of(plain(mirror))
    user.client.authorize("secret")
    response = user.client.get("/go", params={"to": "/go?to=landed"}, headers={"X-A": "1"})
    assert [step.status_code for step in response.history] == [302, 302]
    assert response.url.endswith("/landed")
    told = seen(response)
    assert (told["headers"]["authorization"], told["headers"]["x-a"]) == ("Bearer secret", "1")
    assert told["cookies"] == {"way": "taken"}
    counters = counters_of(user.environment)
    assert (len(events), counters.started, counters.redirected, counters.connected) == (1, 1, 2, 1)
    assert response.bytes_received == counters.bytes_received
    assert (events[0]["name"], events[0]["response_length"]) == ("/go", len(response.content))


def test_redirects_can_be_left_alone_and_have_an_end(mirror: int) -> None:
    user, events = user_of(plain(mirror), max_redirects=3)
    left = user.client.get("/go?to=/landed", allow_redirects=False)
    assert (left.status_code, left.ok, left.headers["Location"]) == (302, True, "/landed")
    endless = "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"
    with bad_server(answering(endless.encode())) as endpoint:
        lost, events = user_of(endpoint, max_redirects=3)
        response = lost.client.get("/")
        assert (response.error.failure, len(response.history)) == (Failure.REDIRECTS, 3)
        assert str(events[0]["exception"]) == "too many redirects"


def test_redirects_that_lead_nowhere(mirror: int) -> None:
    user, events = user_of(plain(mirror))
    for place in ("ftp://else.where/", "http://host:port/", "mailto:a@b"):
        assert user.client.get("/go", params={"to": place}).error.failure is Failure.REDIRECTED
    once = user.client.post("/go", params={"to": "/", "status": 307}, data=iter([b"x"]))
    assert once.error.failure is Failure.UNREPEATABLE
    dead = user.client.get("/go", params={"to": "http://127.41.3.3:1/"})
    assert dead.error.failure is Failure.REFUSED
    assert (len(events), counters_of(user.environment).in_flight) == (5, 0)
    with bad_server(answering(b"HTTP/1.1 304 Not\r\nLocation: /x\r\n\r\n")) as endpoint:
        assert user_of(endpoint)[0].client.get("/").status_code == 304


def test_a_stranger_is_told_no_secret_and_the_way_home_is_found_again(mirror: int) -> None:
    heard: list[bytes] = []

    def stranger(connection: socket.socket) -> None:
        heard.append(connection.recv(65536))
        connection.sendall(OK)

    with bad_server(stranger) as elsewhere:
        user, _ = user_of(plain(mirror))
        user.client.authorize("secret")
        place = f"http://{elsewhere.address}:{elsewhere.port}/there"
        own = {"Authorization": "Basic x", "Cookie": "a=b", "X-A": "1"}
        assert user.client.get("/go", params={"to": place}, headers=own).text == "ok"
        assert user.client.get(place).text == "ok"
        assert seen(user.client.get("/"))["headers"]["authorization"] == "Bearer secret"
    assert len(heard) == 2
    for request in heard:
        assert f"Host: {elsewhere.address}:{elsewhere.port}".encode() in request
        assert b"secret" not in request
        assert b"Cookie" not in request
        assert b"Authorization" not in request
    assert counters_of(user.environment).connected == 1


def test_cookies_by_path_domain_scheme_and_age(mirror: int) -> None:
    user, _ = user_of(plain(mirror))
    cookies = [
        "session=1; Path=/; HttpOnly",
        "page=2; Path=/page",
        "secret=3; Path=/; Secure",
        f"wide=4; Path=/; Domain={NAME.partition('.')[2]}",
        "foreign=5; Path=/; Domain=other.example",
        "old=6; Path=/; Expires=Thu, 01 Jan 2015 00:00:00 GMT",
        "young=7; Path=/; Max-Age=3600",
    ]
    assert user.client.get("/cookies", params={"cookie": cookies}).ok
    everywhere = {"session": "1", "wide": "4", "young": "7"}
    assert seen(user.client.get("/"))["cookies"] == everywhere
    assert seen(user.client.get("/page/x"))["cookies"] == {**everywhere, "page": "2"}
    assert user.client.get("/cookies", params={"cookie": "session=; Path=/; Max-Age=0"}).ok
    assert seen(user.client.get("/"))["cookies"] == {"wide": "4", "young": "7"}
    mine = seen(user.client.get("/", headers={"cookie": "mine=1"}))
    assert mine["cookies"] == {"mine": "1"}
    assert sorted(cookie.name for cookie in user.client.cookiejar) == [
        "page",
        "secret",
        "wide",
        "young",
    ]
    user.client.cookiejar.clear()
    assert seen(user.client.get("/"))["cookies"] == {}


def test_each_user_has_cookies_of_their_own(mirror: int) -> None:
    first, second = user_of(plain(mirror))[0], user_of(plain(mirror))[0]
    assert first.client.get("/cookies?cookie=who%3Dfirst").ok
    assert seen(first.client.get("/"))["cookies"] == {"who": "first"}
    assert seen(second.client.get("/"))["cookies"] == {}
    assert second.client._line.jar is None


def test_greenlets_of_one_user_never_share_an_answer(mirror: int) -> None:
    user, events = user_of(plain(mirror))

    def ask(number: int) -> None:
        assert seen(user.client.get(f"/{number}"))["path"] == f"/{number}"

    for _ in range(3):
        gevent.joinall([gevent.spawn(ask, number) for number in range(20)], raise_error=True)
    counters = counters_of(user.environment)
    assert (len(events), counters.in_flight, counters.connected) == (60, 0, 1)


def test_the_last_verdict_counts_and_needs_a_block(mirror: int) -> None:
    user, events = user_of(plain(mirror))
    with user.client.get("/", catch_response=True) as response:
        response.failure("at first")
        response.success()
    with user.client.get("/", catch_response=True) as response:
        response.success()
        response.failure(ValueError("at last"))
        with pytest.raises(ValueError, match="at last"):
            response.raise_for_status()
    with (
        pytest.raises(CatchResponseError),
        user.client.get("/?status=500", catch_response=True) as response,
    ):
        response.raise_for_status()
    with user.client.get("/", catch_response=True):
        raise ResponseError("not what I asked for")
    with pytest.raises(LocustError, match="with-block"):
        user.client.get("/").failure("no block")
    told = [event["exception"] and str(event["exception"]) for event in events]
    assert told == [None, "at last", "HTTP 500", "not what I asked for", None]


def test_a_task_that_ends_inside_a_block_says_nothing_of_the_request(mirror: int) -> None:
    user, events = user_of(plain(mirror))
    for leaving in (InterruptTaskSet(), Reschedule(), gevent.GreenletExit()):
        with pytest.raises(type(leaving)), user.client.get("/", catch_response=True):
            raise leaving
    assert [event["exception"] for event in events] == [None, None, None]
    assert counters_of(user.environment).in_flight == 0


def test_names_can_be_given_for_a_while_and_afterwards(mirror: int) -> None:
    user, events = user_of(plain(mirror))
    with user.client.rename_request("group"):
        user.client.get("/1")
        user.client.get("/2", name="own")
    with user.client.get("/3", catch_response=True, context={"a": 1}) as response:
        response.request_meta["name"] = "changed"
    assert [event["name"] for event in events] == ["group", "own", "changed"]
    assert events[2]["context"] == {"a": 1}


def test_rest_reads_json_and_counts_what_is_none(mirror: int) -> None:
    user, events = user_of(plain(mirror))
    with user.rest("POST", "/", json={"a": 1}) as response:
        assert response.js["body"] == '{"a":1}'
    with user.rest("GET", "/text?charset=utf-8") as response:
        assert response.js is None
    with user.rest("GET", "/") as response:
        assert response.js["path"] == "/elsewhere", "wrong place"
    with user.rest_("GET", "/x"):
        pass
    dead, lost = user_of(plain(1))
    with dead.rest("GET", "/") as response:
        assert response.js is None
    told = [event["exception"] and str(event["exception"])[:11] for event in events + lost]
    assert told == [None, "Could not p", "wrong place", None, "connection "]
    assert events[3]["name"] == "/x?_=..."


def test_settings_that_mean_nothing_here_are_refused() -> None:
    for setting in ({"proxy_host": "a"}, {"max_retries": 1}, {"ssl_context_factory": object}):
        with pytest.raises(StopTest, match="no meaning"):
            user_of(plain(1), **setting)
    assert user_of(plain(1), concurrency=5, max_retries=0)[0].client.base_url.startswith("http")


def test_ipv6_from_a_bound_address() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        peers: list[str] = []

        def serve() -> None:
            connection, peer = listener.accept()
            with connection:
                peers.append(peer[0])
                answering(OK)(connection)

        thread = gevent.get_hub().threadpool.spawn(serve)
        endpoint = Endpoint(
            hostname="::1", address="::1", port=listener.getsockname()[1], tls=False
        )
        user, events = user_of(endpoint, source_address="::1")
        assert user.client.get("/").text == "ok"
        thread.get()
        assert peers == ["::1"]
        assert events[0]["url"] == f"http://[::1]:{endpoint.port}/"
