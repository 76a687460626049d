"""How each peer is told the journey, and how it tells what it saw."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jinja2

from benchmarks.peers.values import PATHS, THINK_SECONDS, Task
from processes.files import write_private

_HERE = Path(__file__).resolve().parent
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """A tool: what it needs, its command line for a task, and its own p99 in its output.

    `program` is looked for on PATH; `install` is the command that brings it.
    """

    name: str
    program: str
    install: str
    command: Callable[[Task], tuple[str, ...]]
    p99_ms: Callable[[str], float | None]
    note: str = ""

    @property
    def is_here(self) -> bool:
        """Whether it can be run on this machine."""
        return shutil.which(self.program) is not None


def _locust(kind: str) -> Callable[[Task], tuple[str, ...]]:
    def command(task: Task) -> tuple[str, ...]:
        told = {
            "url": task.url,
            "hostname": task.hostname,
            "ca_file": None if task.ca_file is None else str(task.ca_file),
            "accounts": str(task.accounts),
            "users": task.users,
            "ramp_seconds": task.ramp_seconds,
            "seconds": task.seconds,
        }
        module = "benchmarks.peers.locust_process"
        return (sys.executable, "-m", module, kind, json.dumps(told))

    return command


def _locust_p99(output: str) -> float | None:
    told = json.loads(output.splitlines()[-1])
    if told["failures"]:
        raise SystemExit(f"requests failed: {told['failures']}")
    return float(told["p99_ms"])


def _wrk(task: Task) -> tuple[str, ...]:
    script = _rendered("journey.lua.j2", task)
    limits = ("-t1", f"-c{task.users}", f"-d{task.seconds:.0f}s", "--timeout", "30s")
    return ("wrk", *limits, "--latency", "-s", str(script), task.url)


def _wrk_p99(output: str) -> float | None:
    found = re.search(r"^\s*99%\s+([\d.]+)(us|ms|s|m)$", output, re.MULTILINE)
    return float(found[1]) * _UNITS[found[2]] if found else None


def _tsung(task: Task) -> tuple[str, ...]:
    configuration = _rendered("journey.xml.j2", task)
    return ("tsung", "-n", "-f", str(configuration), "-l", str(task.folder / "tsung"), "start")


def _rendered(template: str, task: Task) -> Path:
    environment = jinja2.Environment(  # noqa: S701 - names and numbers of ours alone
        loader=jinja2.FileSystemLoader(_HERE), undefined=jinja2.StrictUndefined
    )
    host, _, port = task.url.rpartition("/")[2].rpartition(":")
    text = environment.get_template(template).render(
        task=task, host=host, port=port, paths=PATHS, think=THINK_SECONDS
    )
    file = task.folder / template.removesuffix(".j2")
    write_private(file, text.encode())
    return file


PEERS = (
    Peer(
        name="dense",
        program=sys.executable,
        install="./suyun doctor",
        command=_locust("dense"),
        p99_ms=_locust_p99,
        note="checks the certificate; records as in a load run",
    ),
    Peer(
        name="fasthttp",
        program=sys.executable,
        install="./suyun doctor",
        command=_locust("fasthttp"),
        p99_ms=_locust_p99,
        note="Locust's FastHttpUser as it comes: checks no certificate",
    ),
    Peer(
        name="http",
        program=sys.executable,
        install="./suyun doctor",
        command=_locust("http"),
        p99_ms=_locust_p99,
        note="Locust's HttpUser (requests); checks the certificate",
    ),
    Peer(
        name="wrk",
        program="wrk",
        install="apt-get install wrk",
        command=_wrk,
        p99_ms=_wrk_p99,
        note="no users: one token for all connections, no login, no ramp; checks no certificate",
    ),
    Peer(
        name="tsung",
        program="tsung",
        install="apt-get install tsung",
        command=_tsung,
        p99_ms=lambda _: None,
        note="checks no certificate; tells no percentile",
    ),
)
UNAVAILABLE = {
    "k6": "not measured: it is under the AGPL, and this project's machines are told not to use it",
}
"""Peers that were asked for and are not run, and why."""
