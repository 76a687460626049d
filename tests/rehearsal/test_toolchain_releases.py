"""A release is used only when it is byte for byte what the pin says."""

from __future__ import annotations

import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rehearsal.workshop import CRASHES, Workshop, says

HOST = "127.32.0.1"


def packed(member: str, program: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo(member)
        info.size = len(program)
        tar.addfile(info, io.BytesIO(program.encode()))
    return buffer.getvalue()


class Site:
    """A web site with one file."""

    def __init__(self, content: bytes) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                return

        self._server = http.server.HTTPServer((HOST, 0), Handler)
        self.url = f"http://{HOST}:{self._server.server_port}/tool.tar.gz"
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop.made(tmp_path, monkeypatch)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site(packed("tool/one", says("flag provided but not defined")))
    yield site
    site.close()


def test_a_release_as_pinned_is_used_cached_and_needs_no_go(shop: Workshop, site: Site) -> None:
    shop.pin_release("one", site.url, site.sha256, "tool/one")
    shop.without_go()

    first, again = shop.ensure("one")["one"], shop.ensure("one")["one"]

    assert (first.origin, again.origin) == ("release", "cache")
    assert first.version == "1.2.3"
    assert shop.builds == []


def test_a_release_that_differs_is_refused_told_and_built(shop: Workshop, site: Site) -> None:
    shop.pin_release("one", site.url, "0" * 64, "tool/one")

    assert shop.ensure("one")["one"].origin == "built"
    assert "is not what the pin says; it was not used" in shop.notices[0]


def test_a_release_without_the_program_is_passed_over(shop: Workshop, site: Site) -> None:
    shop.pin_release("one", site.url, site.sha256, "tool/other")

    assert shop.ensure("one")["one"].origin == "built"
    assert "holds no tool/other" in shop.notices[0]


def test_a_release_out_of_reach_is_built(shop: Workshop, site: Site) -> None:
    site.close()
    shop.pin_release("one", site.url, site.sha256, "tool/one")

    assert shop.ensure("one")["one"].origin == "built"
    assert "cannot be reached" in shop.notices[0]


def test_a_release_that_crashes_is_built(shop: Workshop) -> None:
    broken = Site(packed("tool/one", CRASHES))
    shop.pin_release("one", broken.url, broken.sha256, "tool/one")

    assert shop.ensure("one")["one"].origin == "built"
    assert "does not run" in shop.notices[0]
    broken.close()
