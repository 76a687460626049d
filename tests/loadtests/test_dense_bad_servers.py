"""Bad servers: each is counted under a clear name, never a hang, never a lost count."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import brotli
import gevent
import pytest

from loadtests.dense import decoding, reader
from loadtests.dense.address import Endpoint
from loadtests.dense.counters import counters_of
from loadtests.dense.failures import Failure
from tests.loadtests.conftest import HOST, NAME
from tests.loadtests.visitors import (
    OK,
    answering,
    bad_server,
    plain,
    user_of,
    users_leave,
)

GARBAGE = Failure.GARBAGE


@pytest.fixture(autouse=True)
def _users_leave() -> Iterator[None]:
    yield
    users_leave()


def reset(connection: socket.socket) -> None:
    connection.recv(65536)
    end_with_a_reset(connection)


def end_with_a_reset(connection: socket.socket) -> None:
    linger_none = b"\1\0\0\0\0\0\0\0"
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_none)


def stall(connection: socket.socket) -> None:
    connection.recv(65536)
    time.sleep(1.5)


def drip(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    try:
        for number in range(40):
            connection.sendall(b"X-%d: y\r\n" % number)
            time.sleep(0.1)
    except OSError:
        return


def endless(connection: socket.socket) -> None:
    connection.recv(65536)
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-Long: yes\r\n" * 100_000)
    except OSError:
        return


def torn(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    time.sleep(0.2)
    linger_none = b"\1\0\0\0\0\0\0\0"
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_none)


def interim_for_ever(connection: socket.socket) -> None:
    connection.recv(65536)
    try:
        connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n" * 100_000)
    except OSError:
        return


def body_for_ever(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    try:
        while True:
            connection.sendall(b"400\r\n" + bytes(1024) + b"\r\n")
            time.sleep(0.001)
    except OSError:
        return


def coded(body: bytes, coding: bytes = b"gzip") -> Callable[[socket.socket], None]:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n"
    return answering(head % (coding, len(body)) + body)


@pytest.mark.parametrize(
    ("turn", "failure"),
    [
        (torn, Failure.RESET),
        (interim_for_ever, Failure.ENDLESS),
        (body_for_ever, Failure.TIMEOUT),
        (coded(b"no gzip"), Failure.CODING),
        (coded(gzip.compress(b"whole")[:-9]), Failure.CODING),
        (coded(brotli.compress(b"whole")[:-2], b"br"), Failure.CODING),
        (coded(b"whole", b"compress"), Failure.CODING),
        (
            answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
            GARBAGE,
        ),
        (
            answering(
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0"
            ),
            GARBAGE,
        ),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok"), GARBAGE),
        (answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"), GARBAGE),
        (answering(b"<html>no HTTP at all</html>"), GARBAGE),
        (reset, Failure.RESET),
        (stall, Failure.TIMEOUT),
        (drip, Failure.TIMEOUT),
        (endless, Failure.ENDLESS),
        (answering(b"SSH-2.0-OpenSSH_9.2\r\n"), Failure.GARBAGE),
        (answering(b"\0\1\2\3" * 100), Failure.GARBAGE),
        (
            answering(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
            GARBAGE,
        ),
        (answering(b""), Failure.CLOSED),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Le"), Failure.CUT_SHORT),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), Failure.CUT_SHORT),
        (
            answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal"),
            Failure.CUT_SHORT,
        ),
    ],
)
def test_a_bad_server_is_counted_under_a_clear_name(
    turn: Callable[[socket.socket], None], failure: Failure
) -> None:
    with bad_server(turn, answering(OK)) as endpoint:
        user, events = user_of(endpoint)
        response = user.client.get("/")
        assert (response.whole, response.ok, response.content) == (False, False, b"")
        assert str(events[0]["exception"]) == failure
        counters = counters_of(user.environment)
        assert (counters.started, counters.in_flight, counters.connected) == (1, 0, 0)
        assert user.client.get("/").text == "ok"


def test_a_refused_connection_is_counted_and_the_user_can_go_on() -> None:
    user, events = user_of(plain(1))
    for _ in range(2):
        assert user.client.get("/").error.failure is Failure.REFUSED
    assert [str(event["exception"]) for event in events] == ["connection refused"] * 2


def test_a_host_without_address_is_counted() -> None:
    user, events = user_of(plain(1))
    assert user.client.get("http://nobody.invalid/").error.failure is Failure.NAME
    assert events[0]["name"] == "http://nobody.invalid/"


def test_a_server_that_takes_no_connection_is_left_after_a_while() -> None:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen(0)
        with ExitStack() as crowd:
            for _ in range(2):
                guest = crowd.enter_context(socket.socket())
                guest.settimeout(0)
                guest.connect_ex(listener.getsockname())
            time.sleep(0.05)
            user, _ = user_of(plain(listener.getsockname()[1]), connection_timeout=0.3)
            began = time.monotonic()
            assert user.client.get("/").error.failure is Failure.CONNECT_TIMEOUT
            assert time.monotonic() - began < 1


def test_a_server_that_never_shakes_hands_is_left_after_a_while() -> None:
    with bad_server(stall) as endpoint:
        secured = Endpoint(hostname=NAME, address=HOST, port=endpoint.port, tls=True)
        user, _ = user_of(secured, connection_timeout=0.3)
        assert user.client.get("/").error.failure is Failure.CONNECT_TIMEOUT
        assert counters_of(user.environment).connected == 0


def answering_once_then(
    last: Callable[[socket.socket], None],
) -> Callable[[socket.socket], None]:
    def turn(connection: socket.socket) -> None:
        answering(OK)(connection)
        last(connection)

    return turn


@pytest.mark.parametrize("last", [answering(b""), reset])
def test_a_connection_that_dies_under_a_request_is_replaced_once_and_counted_once(
    last: Callable[[socket.socket], None],
) -> None:
    with bad_server(answering_once_then(last), answering(OK)) as endpoint:
        user, events = user_of(endpoint)
        assert user.client.get("/").text == "ok"
        assert user.client.get("/").text == "ok"
    counters = counters_of(user.environment)
    assert (counters.started, len(events), counters.retried) == (2, 2, 1)


def test_what_must_not_be_sent_twice_is_not() -> None:
    with bad_server(answering_once_then(answering(b"")), answering(OK)) as endpoint:
        user, events = user_of(endpoint)
        assert user.client.get("/").ok
        assert user.client.post("/", data=b"x").error.failure is Failure.CLOSED
    assert (len(events), counters_of(user.environment).retried) == (2, 0)


def test_a_server_that_dies_under_each_request_is_not_asked_for_ever() -> None:
    with bad_server(answering_once_then(answering(b"")), answering(b"")) as endpoint:
        user, events = user_of(endpoint)
        assert user.client.get("/").ok
        assert user.client.get("/").error.failure is Failure.CLOSED
    assert (len(events), counters_of(user.environment).retried) == (2, 1)


def test_a_kept_connection_that_ended_meanwhile_is_replaced_unasked() -> None:
    with bad_server(answering(OK)) as endpoint:
        user, events = user_of(endpoint)
        for send in (user.client.get, user.client.get, user.client.post):
            assert send("/").text == "ok"
            time.sleep(0.05)
    assert (len(events), counters_of(user.environment).retried) == (3, 0)


def test_what_a_server_says_unasked_is_no_answer_to_the_next_request() -> None:
    def impatient(connection: socket.socket) -> None:
        answering(OK)(connection)
        time.sleep(0.05)
        connection.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        time.sleep(0.2)

    with bad_server(impatient, answering(OK)) as endpoint:
        user, _ = user_of(endpoint)
        assert user.client.get("/").text == "ok"
        gevent.sleep(0.15)
        assert user.client.get("/").text == "ok"


@pytest.mark.parametrize("junk", [OK, b"HTTP/1.1", b"\0\1", b"x" * 5000])
def test_junk_behind_an_answer_ends_the_connection(junk: bytes) -> None:
    with bad_server(answering(OK + junk)) as endpoint:
        user, _ = user_of(endpoint)
        assert user.client.get("/").text == "ok"
        assert counters_of(user.environment).connected == 0


def test_interim_answers_are_passed_over() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    with bad_server(answering(b"HTTP/1.1 100 Continue\r\n\r\n" + interim + OK)) as endpoint:
        user, _ = user_of(endpoint)
        response = user.client.get("/")
    assert (response.status_code, response.text) == (200, "ok")
    assert "link" not in response.headers


def test_a_killed_user_leaves_its_request_in_flight() -> None:
    with bad_server(stall) as endpoint:
        user, events = user_of(endpoint)
        greenlet = gevent.spawn(user.client.get, "/")
        gevent.sleep(0.2)
        greenlet.kill()
        counters = counters_of(user.environment)
        assert (counters.started, counters.in_flight, len(events)) == (1, 1, 0)
        user.on_stop()
        assert counters.connected == 0


def test_a_time_limit_around_a_request_is_a_failure_and_leaves_nothing_behind() -> None:
    def slow(connection: socket.socket) -> None:
        connection.recv(65536)
        time.sleep(0.4)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")

    with bad_server(slow, answering(OK)) as endpoint:
        user, events = user_of(endpoint)
        with gevent.Timeout(0.2):
            assert user.client.get("/").error.failure is Failure.TIMEOUT
        gevent.sleep(0.3)
        assert user.client.get("/").text == "ok"
    assert [event["exception"] and str(event["exception"]) for event in events] == [
        "response timed out",
        None,
    ]


def test_a_request_has_the_time_that_it_is_given() -> None:
    with bad_server(drip, drip, answering(OK)) as endpoint:
        user, _ = user_of(endpoint)
        for discard in (False, True):
            began = time.monotonic()
            response = user.client.get("/", timeout=0.3, discard=discard)
            assert response.error.failure is Failure.TIMEOUT
            assert 0.25 < time.monotonic() - began < 0.6
        assert user.client.get("/").ok


def test_a_body_too_long_to_keep_is_refused_and_can_be_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader, "BODY_BYTES_MAX", 10_000)
    monkeypatch.setattr(decoding, "BODY_BYTES_MAX", 10_000)
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + bytes(50_000)
    bombs = [coded(gzip.compress(bytes(50_000))), coded(brotli.compress(bytes(50_000)), b"br")]
    with bad_server(answering(long), *bombs, answering(long)) as endpoint:
        user, _ = user_of(endpoint)
        for _ in range(3):
            assert user.client.get("/").error.failure is Failure.ENDLESS
        assert user.client.get("/", discard=True).length == 50_000


def test_large_bodies_in_pieces_then_small_answers_over_one_connection() -> None:
    """The kernel is told to wake the user for the whole rest of a body, and to forget it again."""
    pieces = [b"p" * 30_000] * 6

    def slow(connection: socket.socket) -> None:
        for _ in range(2):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 180000\r\n\r\n")
            for piece in pieces:
                time.sleep(0.01)
                connection.sendall(piece)
            connection.recv(65536)
            connection.sendall(OK)

    with bad_server(slow) as server:
        user, events = user_of(server)
        sizes = [len(user.client.get("/").content) for _ in range(4)]
    assert sizes == [180_000, 2, 180_000, 2]
    assert all(event["response_time"] < 500 for event in events)
    assert counters_of(user.environment).retried == 0


@pytest.mark.parametrize("end", [end_with_a_reset, socket.socket.close])
def test_a_large_body_that_breaks_off_is_not_waited_for(
    end: Callable[[socket.socket], None],
) -> None:
    def turn(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 180000\r\n\r\n" + b"p" * 30_000)
        time.sleep(0.05)
        end(connection)

    with bad_server(turn) as server:
        user, events = user_of(server)
        user.client.get("/")
    assert str(events[0]["exception"]) in {Failure.CUT_SHORT, Failure.RESET}
    assert events[0]["response_time"] < 500


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", "until the end"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", "until the end"),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n", ""),
        (b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", ""),
    ],
)
def test_old_and_bodiless_answers(answer: bytes, text: str) -> None:
    with bad_server(answering(answer), answering(OK)) as endpoint:
        user, _ = user_of(endpoint)
        response = user.client.get("/")
        assert (response.ok, response.text) == (True, text)
        assert user.client.get("/").text == "ok"


def test_a_body_behind_the_answer_to_head_is_no_part_of_it() -> None:
    with bad_server(answering(OK)) as endpoint:
        user, _ = user_of(endpoint)
        response = user.client.head("/")
        assert (response.status_code, response.content, response.length) == (200, b"", 0)
        assert user.client.get("/").text == "ok"


def test_an_early_answer_to_a_large_body_is_heard() -> None:
    def early(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(
            b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    with bad_server(early) as endpoint:
        user, events = user_of(endpoint)
        assert user.client.post("/", data=bytes(5_000_000)).status_code == 413
    assert str(events[0]["exception"]) == "HTTP 413"


def test_an_iterable_that_fails_is_the_callers_mistake_and_is_counted() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x"
        raise KeyError("mine")

    with bad_server(stall, answering(OK)) as endpoint:
        user, events = user_of(endpoint)
        with pytest.raises(KeyError, match="mine"):
            user.client.post("/", data=pieces())
        assert isinstance(events[0]["exception"], KeyError)
        counters = counters_of(user.environment)
        assert (counters.in_flight, counters.connected) == (0, 0)
