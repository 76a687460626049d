"""The dense client against nginx as Debian ships it, whose own log is the truth."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gevent
import pytest

from loadtests.dense.address import Endpoint
from loadtests.dense.counters import counters_of
from loadtests.dense.failures import Failure
from rehearsal.pki import Authority
from tests.loadtests.conftest import HOST, NAME
from tests.loadtests.visitors import Events, Subject, user_of, users_leave

ADDRESS, PLAIN, TLS = "127.41.0.1", 18080, 18443
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 500; }}
http {{
  log_format seen '$request_method $uri $status $bytes_sent $connection_requests $ssl_server_name';
  access_log {folder}/access.log seen;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  gzip on; gzip_types *; gzip_min_length 100; client_max_body_size 100k;
  ssl_certificate {certificate}; ssl_certificate_key {key};
  server {{
    listen {address}:{plain}; listen {address}:{tls} ssl; listen [::1]:{tls} ssl ipv6only=on;
    root {folder}/files; default_type text/plain; keepalive_requests 10;
    location /moved {{ return 301 /small; }}
    location /secure {{ return 302 https://$host:{tls}/small; }}
    location = /host {{ return 200 $host; }}
    location /none {{ return 204; }}
    location /silent {{ return 444; }}
    location /slow {{ limit_rate 100k; alias {folder}/files; }}
    location /mirror/ {{ proxy_pass http://{mirror}/; proxy_buffering off; }}
    location /gone/ {{ proxy_pass http://{address}:1/; }}
  }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    folder: Path
    authority: Authority

    def seen(self) -> list[list[str]]:
        """Lines of its log: method, path, status, bytes, number in the connection, name."""
        return [line.split(" ") for line in (self.folder / "access.log").read_text().splitlines()]

    def user(self, **settings: object) -> tuple[Subject, Events]:
        endpoint = Endpoint(hostname=ADDRESS, address=ADDRESS, port=PLAIN, tls=False)
        return user_of(endpoint, ca_file=str(self.authority.ca_file), **settings)

    def secured(self, hostname: str = NAME, address: str = ADDRESS) -> Subject:
        endpoint = Endpoint(hostname=hostname, address=address, port=TLS, tls=True)
        return user_of(endpoint, ca_file=str(self.authority.ca_file), source_address=address)[0]


@pytest.fixture
def nginx(tmp_path: Path, authority: Authority, mirror: int) -> Iterator[Nginx]:
    pair = authority.issue("nginx", dns=[NAME], addresses=[ADDRESS], server=True)
    files = tmp_path / "files"
    files.mkdir()
    (files / "small").write_bytes(b"x" * 50)
    (files / "large").write_bytes(b"y" * 3_000_000)
    config = tmp_path / "nginx.conf"
    places = {"address": ADDRESS, "plain": PLAIN, "tls": TLS, "mirror": f"{HOST}:{mirror}"}
    keys = {"certificate": pair.certificate, "key": pair.key}
    config.write_text(CONFIG.format(folder=tmp_path, **places, **keys))
    process = subprocess.Popen([str(NGINX), "-c", str(config), "-p", str(tmp_path)])
    try:
        _wait(process)
        yield Nginx(tmp_path, authority)
    finally:
        users_leave()
        process.terminate()
        process.wait(10)


def _wait(process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "nginx ended"
        try:
            socket.create_connection((ADDRESS, TLS), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("nginx does not listen")


def test_every_request_and_every_byte_is_in_its_log(nginx: Nginx) -> None:
    user, events = nginx.user()
    for _ in range(12):
        assert user.client.get("/small").content == b"x" * 50
    assert user.client.get("/large").content == b"y" * 3_000_000
    assert user.client.get("/large", discard=True).ok
    assert user.client.get("/large", headers={"Accept-Encoding": None}).bytes_received > 3_000_000
    assert user.client.head("/large").content == b""
    assert user.client.get("/none").status_code == 204
    assert user.client.get("/missing").status_code == 404
    assert user.client.get("/moved").content == b"x" * 50
    assert user.client.get("/gone/").status_code == 502
    tag = user.client.get("/small").headers["etag"]
    assert user.client.get("/small", headers={"If-None-Match": tag}).status_code == 304
    part = user.client.get("/large", headers={"Range": "bytes=0-9", "Accept-Encoding": None})
    assert (part.status_code, part.content) == (206, b"y" * 10)
    time.sleep(0.1)
    log, counters = nginx.seen(), counters_of(user.environment)
    assert len(log) == len(events) + counters.redirected == counters.started + 1
    assert sum(int(line[3]) for line in log) == counters.bytes_received
    assert sum(line[4] == "1" for line in log) == -(-len(log) // 10)
    assert (counters.retried, counters.in_flight) == (0, 0)


def test_compressed_large_files_arrive_whole(nginx: Nginx) -> None:
    user, _ = nginx.user()
    response = user.client.get("/large")
    assert response.headers["content-encoding"] == "gzip"
    assert (response.length, response.bytes_received < 100_000) == (3_000_000, True)
    streamed = user.client.get("/large", stream=True)
    assert sum(map(len, streamed.iter_content(65536, decode_content=False))) == 3_000_000


def test_bodies_go_through_it(nginx: Nginx) -> None:
    user, _ = nginx.user()
    told = user.client.post("/mirror/", data=iter([b"a" * 50_000, b"b"])).json()
    assert len(told["body"]) == 50_001
    waited = user.client.put("/mirror/", data="body", headers={"Expect": "100-continue"})
    assert waited.json()["body"] == "body"
    assert user.client.post("/mirror/", data=bytes(200_000)).status_code == 413
    assert user.client.post("/mirror/", data=iter([bytes(60_000)] * 3)).status_code == 413
    assert user.client.post("/mirror/x", data={"a": "b"}).json()["path"] == "/x"


def test_what_it_does_to_bad_clients_is_named(nginx: Nginx) -> None:
    user, events = nginx.user()
    assert user.client.get("/silent").error.failure is Failure.CLOSED
    assert user.client.get("/slow/large", timeout=0.4, headers={"Accept-Encoding": None}).error
    assert user.client.get("/small", headers={"X": "y" * 60_000}).status_code == 400
    assert user.client.get("/small").ok
    assert [event["exception"] and str(event["exception"]) for event in events] == [
        "closed without a response",
        "response timed out",
        "HTTP 400",
        None,
    ]


def test_a_host_that_the_caller_names_goes_out_once(nginx: Nginx) -> None:
    user, _ = nginx.user()
    for headers in ({"Host": "other.example"}, {"hOST": b"other.example"}):
        told = user.client.get("/host", headers=headers)
        assert (told.status_code, told.content) == (200, b"other.example")
    posted = user.client.post("/host", json={}, headers={"Host": "third.example"}, auth=("a", "b"))
    assert posted.content == b"third.example"
    always, _ = nginx.user(default_headers={"host": "fourth.example"})
    assert always.client.get("/host").content == b"fourth.example"
    assert always.client.get("/host", stream=True).content == b"fourth.example"
    assert always.client.get("/host", headers={"Host": "fifth.example"}).content == b"fifth.example"
    assert user.client.get("/host").content == ADDRESS.encode()
    assert user.client.get("/host", headers={"Host": None}).status_code == 400


def test_tls_over_both_families_by_name_and_from_bound_addresses(nginx: Nginx) -> None:
    for address in (ADDRESS, "::1"):
        user = nginx.secured(address=address)
        assert user.client.get("/small").ok
        assert user.client.get("/large").length == 3_000_000
        assert counters_of(user.environment).connected == 1
    time.sleep(0.1)
    assert [line[5] for line in nginx.seen()] == [NAME] * 4
    unnamed = nginx.secured(hostname="::1", address="::1")
    assert unnamed.client.get("/small").error.failure is Failure.CERTIFICATE


def test_a_redirect_may_lead_into_tls_and_the_user_stays_one(nginx: Nginx) -> None:
    user, events = nginx.user()
    assert user.client.get("/secure").url == f"https://{ADDRESS}:{TLS}/small"
    assert user.client.get("/small").ok
    assert counters_of(user.environment).connected == 1
    assert [event["exception"] for event in events] == [None, None]


def test_many_users_at_once(nginx: Nginx) -> None:
    users = [nginx.user(source_address="127.41.0.9") for _ in range(100)]

    def visit(user: Subject) -> None:
        for _ in range(15):
            assert user.client.get("/small").ok

    gevent.joinall([gevent.spawn(visit, user) for user, _ in users], raise_error=True)
    time.sleep(0.1)
    assert len(nginx.seen()) == 1500
    assert sum(counters_of(user.environment).retried for user, _ in users) == 0
