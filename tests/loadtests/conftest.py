from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from rehearsal.pki import Authority, KeyPair

# Locust patches the whole process when it is imported; other rooms' tests live in it too. The
# dense client asks gevent for its sockets itself and needs no patch.
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
import locust  # noqa: F401 - only now

del os.environ["LOCUST_SKIP_MONKEY_PATCH"]  # Locust's own processes must be patched

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.37.0.1"
NAME = "edge.suyun.example"


@dataclass(frozen=True)
class SmallPlatform:
    port: int
    ca_file: Path | None

    def counters(self) -> dict[str, Any]:
        scheme = "http" if self.ca_file is None else "https"
        context = None if self.ca_file is None else ssl.create_default_context(cafile=self.ca_file)
        url = f"{scheme}://{HOST}:{self.port}/counters"
        with urlopen(url, context=context) as answer:  # noqa: S310 - a URL of our own
            counters: dict[str, Any] = json.load(answer)
            return counters


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def small_platform(pair: KeyPair | None, ca_file: Path | None) -> Iterator[SmallPlatform]:
    files = [] if pair is None else [str(pair.certificate), str(pair.key)]
    with running("tests.loadtests.small_platform", *files) as port:
        yield SmallPlatform(port, ca_file)


@contextmanager
def running(module: str, *arguments: str) -> Iterator[int]:
    """A server of ours in a process of its own, and its port."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", module, HOST, str(port), *arguments], cwd=ROOT
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.kill()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "the server ended"
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server does not listen")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("pki"), "Suyun tests")


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> KeyPair:
    return authority.issue("edge", dns=[NAME], addresses=[HOST], server=True)


@pytest.fixture(scope="session")
def mirror() -> Iterator[int]:
    with running("tests.loadtests.mirror") as port:
        yield port


@pytest.fixture
def tls_platform(authority: Authority, certificate: KeyPair) -> Iterator[SmallPlatform]:
    with small_platform(certificate, authority.ca_file) as platform:
        yield platform
