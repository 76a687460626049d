"""The exchange gateway in a real nginx, before a stand-in for the national center."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from infra.plan.exchange import nginx_configuration
from province.center import NationalCenter
from rehearsal.pki import Authority
from tests.rehearsal.edge_world import nginx

pytestmark = pytest.mark.live
HERE = "127.65.7.1"


class StandIn(BaseHTTPRequestHandler):
    """Takes a record from whoever has shown a certificate, and says who that was."""

    def do_POST(self) -> None:
        assert isinstance(self.connection, ssl.SSLSocket)
        shown = self.connection.getpeercert() or {}
        record = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(
            {"from": str(shown.get("subject")), "record": record, "host": self.headers["Host"]}
        )

    def _answer(self, told: dict[str, str]) -> None:
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the test says what it saw."""


@contextmanager
def standing_in(authority: Authority, trusted: Authority) -> Iterator[int]:
    """A national center of that authority's, which takes clients of the trusted one alone."""
    pair = authority.issue("national", dns=[HERE], server=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    context.load_verify_locations(trusted.ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    with HTTPServer((HERE, 0), StandIn) as server:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def gateway(folder: Path, port: int) -> Iterator[None]:
    """The planned configuration, but for its addresses and folders."""
    center = NationalCenter(
        host=HERE, port=port, ipv4=IPv4Network(f"{HERE}/32"), ipv6=IPv6Network("::1/128")
    )
    text = nginx_configuration(center, certificates=str(folder), temporary=str(folder))
    for own in (8080, 8081):
        text = text.replace(f"listen {own};", f"listen {HERE}:{own};")
        text = text.replace(f"        listen [::]:{own};\n", "")
    file = folder / "nginx.conf"
    file.write_text(text)
    arguments = [str(nginx()), "-p", str(folder), "-c", str(file), "-g", "daemon off;"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(arguments, stdout=log, stderr=log) as (running),
    ):
        try:
            until_healthy(folder / "log")
            yield
        finally:
            running.terminate()


def until_healthy(log: Path) -> None:
    for _ in range(100):
        try:
            if ask("GET", 8081, "/healthz/ready")[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail(log.read_text())


def ask(method: str, port: int, path: str, body: str | None = None) -> tuple[int, str]:
    connection = HTTPConnection(HERE, port, timeout=10)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def with_certificates(folder: Path, own: Authority, national: Authority) -> None:
    """What the Secret would bring."""
    pair = own.issue("jiangsu", server=False)
    (folder / "tls.crt").write_bytes(pair.certificate.read_bytes())
    (folder / "tls.key").write_bytes(pair.key.read_bytes())
    (folder / "ca.crt").write_bytes(national.ca_file.read_bytes())


@pytest.fixture
def authorities(tmp_path: Path) -> tuple[Authority, Authority]:
    return (
        Authority.create(tmp_path / "ours", "jiangsu-ca"),
        Authority.create(tmp_path / "theirs", "national-ca"),
    )


def test_a_record_arrives_with_our_certificate_shown(
    tmp_path: Path, authorities: tuple[Authority, Authority]
) -> None:
    ours, theirs = authorities
    with_certificates(tmp_path, ours, theirs)
    with standing_in(theirs, ours) as port, gateway(tmp_path, port):
        status, text = ask("POST", 8080, "/records/1", "pupil 42")
    assert status == 200, text
    told = json.loads(text)
    assert "'commonName', 'jiangsu'" in told["from"]
    assert (told["record"], told["host"]) == ("pupil 42", HERE)


def test_no_record_goes_to_a_center_of_another_authority(
    tmp_path: Path, authorities: tuple[Authority, Authority]
) -> None:
    ours, theirs = authorities
    with_certificates(tmp_path, ours, theirs)
    with standing_in(ours, ours) as port, gateway(tmp_path, port):
        status, _ = ask("POST", 8080, "/records/1", "pupil 42")
    assert status == 502
    assert "certificate verify error" in (tmp_path / "log").read_text()


def test_a_center_takes_nothing_from_a_stranger(
    tmp_path: Path, authorities: tuple[Authority, Authority]
) -> None:
    ours, theirs = authorities
    with_certificates(tmp_path, ours, theirs)
    with standing_in(theirs, theirs) as port, gateway(tmp_path, port):
        status, text = ask("POST", 8080, "/records/1", "pupil 42")
    assert status in {400, 502}
    assert "pupil" not in text
