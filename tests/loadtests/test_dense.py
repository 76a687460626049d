"""The dense client against servers that nobody here wrote, and against bad ones."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from locust.exception import LocustError

from loadtests.dense.address import Endpoint
from loadtests.dense.counters import counters_of
from loadtests.dense.failures import Failure
from rehearsal.pki import Authority, KeyPair
from tests.loadtests.conftest import HOST, NAME, SmallPlatform
from tests.loadtests.visitors import (
    OK,
    Events,
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


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status = int(self.path.strip("/").partition("-")[0] or 200)
        body = f"{self.command} {self.path} {self.headers['Authorization']}".encode()
        self.send_response(status)
        if self.path.endswith("-chunked"):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for start in range(0, len(body), 7):
                piece = body[start : start + 7]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
            return
        if self.path.endswith("-unframed"):
            self.send_header("Connection", "close")
            self.close_connection = True
        elif status not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in {204, 304}:
            self.wfile.write(body)

    do_HEAD = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 - http.server asks for these names

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Type", self.headers["Content-Type"] or "none")
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_PATCH = do_POST  # noqa: N815 - http.server asks for these names

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def stock_server() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def stock(stock_server: http.server.ThreadingHTTPServer) -> Endpoint:
    return plain(stock_server.server_address[1])


def test_one_connection_serves_many_requests_and_events_are_locusts(stock: Endpoint) -> None:
    user, events = user_of(stock, source_address="127.37.2.1")
    for _ in range(3):
        assert user.client.get("/200", name="page").text == "GET /200 None"
    assert counters_of(user.environment).connected == 1
    assert [event["name"] for event in events] == ["page"] * 3
    event = events[0]
    assert event["request_type"] == "GET"
    assert event["exception"] is None
    assert event["response_length"] == len(b"GET /200 None")
    assert 0 < event["response_time"] < 1000
    assert event["start_time"] == pytest.approx(time.time(), abs=5)
    assert event["context"] == {}
    assert event["response"].bytes_received > event["response_length"]
    user.on_stop()
    assert counters_of(user.environment).connected == 0


def test_the_source_address_is_bound() -> None:
    peers: list[str] = []

    def turn(connection: socket.socket) -> None:
        peers.append(connection.getpeername()[0])
        answering(OK)(connection)

    with bad_server(turn) as endpoint:
        user, _ = user_of(endpoint, source_address="127.37.2.9")
        assert user.client.get("/").ok
        elsewhere, _ = user_of(endpoint, source_address="::1")
        assert elsewhere.client.get("/").ok
    assert peers == ["127.37.2.9", "127.0.0.1"]


@pytest.mark.parametrize("path", ["/200-chunked", "/200-unframed", "/404", "/503"])
def test_bodies_arrive_whole_however_they_are_framed(stock: Endpoint, path: str) -> None:
    user, events = user_of(stock)
    for _ in range(2):
        response = user.client.get(path)
        assert response.content == f"GET {path} None".encode()
        assert response.whole
    assert counters_of(user.environment).in_flight == 0
    status = int(path[1:4])
    expected = None if status < 400 else f"HTTP {status}"
    assert [event["exception"] and str(event["exception"]) for event in events] == [expected] * 2


def test_answers_without_a_body_leave_the_connection_in_step(stock: Endpoint) -> None:
    user, _ = user_of(stock)
    assert user.client.head("/200").status_code == 200
    assert user.client.get("/204").status_code == 204
    assert user.client.get("/304").status_code == 304
    assert user.client.delete("/200").text == "DELETE /200 None"
    assert user.client.options("/200").text == "OPTIONS /200 None"
    assert counters_of(user.environment).connected == 1


def test_tokens_json_and_large_bodies(stock: Endpoint) -> None:
    user, events = user_of(stock)
    user.client.authorize("secret")
    assert user.client.get("/200").text == "GET /200 Bearer secret"
    answer = user.client.post("/", json={"城": 1})
    assert answer.json() == {"城": 1}
    assert answer.headers["x-type"] == "application/json"
    large = b"x" * 1_000_000
    assert user.client.put("/", data=large).content == large
    counted = user.client.patch("/", data=large, discard=True)
    assert (counted.content, counted.length) == (b"", len(large))
    assert events[-1]["response_length"] == len(large)
    assert user.client.post("/").status_code == 201


def test_catch_response_decides_what_failed(stock: Endpoint) -> None:
    user, events = user_of(stock)
    with user.client.get("/200", catch_response=True) as response:
        response.failure("not what I wanted")
    with user.client.get("/404", catch_response=True) as response:
        response.success()
    with user.client.get("/404", catch_response=True):
        pass
    with user.client.get("/200", catch_response=True):
        pass
    with pytest.raises(KeyError), user.client.get("/200", catch_response=True):
        raise KeyError("mine")
    told = [event["exception"] and str(event["exception"]) for event in events]
    assert told == ["not what I wanted", None, "HTTP 404", None, "'mine'"]
    with pytest.raises(LocustError), user.client.get("/200"):
        pass


@pytest.mark.parametrize("url", ["no-slash", "/a\r\nX: y", "http://a:b/", "ftp://elsewhere/"])
def test_a_wrong_path_is_the_callers_mistake_and_is_not_counted(stock: Endpoint, url: str) -> None:
    user, events = user_of(stock)
    with pytest.raises(ValueError, match=r"path|Port"):
        user.client.get(url)
    with pytest.raises(ValueError, match="control"):
        user.client.get("/200", headers={"X": "a\r\nb"})
    assert (counters_of(user.environment).started, events) == (0, [])


def tls_user(
    platform: SmallPlatform, hostname: str = NAME, **settings: object
) -> tuple[Subject, Events]:
    endpoint = Endpoint(hostname=hostname, address=HOST, port=platform.port, tls=True)
    return user_of(endpoint, **{"ca_file": str(platform.ca_file), **settings})


def test_uvicorn_over_tls_with_one_context_for_all_users(tls_platform: SmallPlatform) -> None:
    made = [tls_user(tls_platform) for _ in range(20)]

    def visit(user: Subject) -> None:
        token = user.client.post("/login", json={"account": "a"}).json()["token"]
        user.client.authorize(token)
        for _ in range(5):
            assert user.client.get("/videos/1/1", discard=True).length == 65536

    gevent.joinall([gevent.spawn(visit, user) for user, _ in made], raise_error=True)
    contexts = {id(user.client._line._connection._socket.context) for user, _ in made}
    assert len(contexts) == 1
    assert all(counters_of(user.environment).connected == 1 for user, _ in made)
    assert tls_platform.counters()["answered"] == 20 * 6


def test_a_certificate_for_another_name_is_rejected(tls_platform: SmallPlatform) -> None:
    user, events = tls_user(tls_platform, hostname="other.example")
    assert user.client.get("/").error.failure is Failure.CERTIFICATE
    assert str(events[0]["exception"]) == "certificate rejected"


def test_a_certificate_of_another_authority_is_rejected(
    tls_platform: SmallPlatform, tmp_path: Path
) -> None:
    stranger = Authority.create(tmp_path, "stranger")
    user, _ = tls_user(tls_platform, ca_file=str(stranger.ca_file))
    assert user.client.get("/").error.failure is Failure.CERTIFICATE
    insecure, _ = tls_user(tls_platform, ca_file=str(stranger.ca_file), insecure=True)
    assert insecure.client.get("/").status_code == 401


def test_plain_http_where_tls_is_meant_is_a_tls_failure() -> None:
    with bad_server(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as endpoint:
        secured = Endpoint(hostname=NAME, address=HOST, port=endpoint.port, tls=True)
        user, _ = user_of(secured, insecure=True)
        assert user.client.get("/").error.failure in {Failure.TLS, Failure.RESET}


def test_the_name_is_told_in_the_handshake(certificate: KeyPair, authority: Authority) -> None:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    def turn(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            answering(OK)(secured)

    with bad_server(turn) as endpoint:
        secured = Endpoint(hostname=NAME, address=HOST, port=endpoint.port, tls=True)
        user, _ = user_of(secured, ca_file=str(authority.ca_file))
        assert user.client.get("/").text == "ok"
    assert names == [NAME]
